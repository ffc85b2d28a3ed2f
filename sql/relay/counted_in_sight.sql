-- A part of note_in_sight: what some pending message asks for, or may ask for once it is expanded, on this page of the
-- backlog or on a later one, in this lane or another. Not what a brake holds, what is dead, rejected, or approved for this very key.
SELECT s.key, s.row_hash
FROM sight AS s
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(m.status = 'held' AND m.batch IS NOT NULL), false) AS held,
           coalesce(bool_or(m.status <> 'pending'), false) AS stuck,
           coalesce(bool_or(m.status = 'pending'), false) AS pending,
           coalesce(bool_or(m.status = 'pending' AND %(call)s = ANY (m.approved)), false) AS approved
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = s.key AND m.status <> 'done'
) AS o
WHERE NOT o.held AND NOT o.approved
  AND (o.pending OR NOT o.stuck AND EXISTS (
      SELECT FROM outbox.message AS c
      WHERE c.target = %(target)s AND c.resource = %(resource)s AND c.status = 'pending'
        AND (c.key IS NULL OR cardinality(c.key) < %(key_length)s)))
  AND NOT EXISTS (
      SELECT FROM outbox.rejection AS r
      WHERE r.target = %(target)s AND r.resource = %(resource)s AND r.key = s.key
        AND r.row_hash IS NOT DISTINCT FROM s.row_hash)
