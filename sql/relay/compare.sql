-- Everything the relay needs to know about some keys, in one snapshot: the row of the view, the mirror, the open
-- messages (all of them are settled together, and no other), and what the parents are called in the cloud. A key whose
-- open messages are all held or dead is not for the relay: nobody has asked again. Nor is a key whose lane was handed
-- over since it was claimed.
-- The view is filtered by `= ANY (constant)` per column, which the planner pushes into UNION branches; a join with
-- the wanted keys alone would not be, and every look would compute the whole view.
WITH wanted AS (
    SELECT ARRAY[{key_columns}] AS key FROM unnest({key_arrays}) AS k ({key_columns})
), desired AS (
    SELECT ARRAY[{view_key}] AS key, count(*) AS rows,
           (array_agg(to_jsonb(v) - {not_document}::text[]))[1] AS document,
           (array_agg(to_jsonb({missing})))[1] AS missing,
           bool_or({withdrawn}) AS withdrawn
    FROM {view} AS v
    WHERE {view_match}
    GROUP BY 1
)
SELECT w.key, outbox.lane({resource}, w.key, NULL, %(lane_count)s) AS lane,
       o.ids, o.pending_ids, o.attempts, o.age_s, o.registered, o.approved, o.withheld,
       (SELECT r.row_hash IS NOT DISTINCT FROM md5(d.document::text)
        FROM outbox.rejection AS r
        WHERE r.target = {target} AND r.resource = {resource} AND r.key = w.key) AS rejected,
       coalesce(d.rows, 0) AS rows, d.document::text AS document, d.missing, coalesce(d.withdrawn, false) AS withdrawn,
       m.key IS NOT NULL AS mirrored, m.remote_id, m.document::text AS held, m.document IS NOT DISTINCT FROM d.document AND NOT m.gone AS same,
       coalesce(t.verify_since < coalesce(m.confirmed_at, '-infinity'), true) AS believed,
       extract(epoch FROM clock_timestamp() - m.in_doubt)::float8 AS in_doubt_s, m.intent, m.sending, m.parents AS held_parents, m.etag,
       m.unlinked, m.gone, m.confirmed_at IS NOT NULL AS confirmed, m.doubted,
       {present_parents} AS parents, {user_gone} AS user_gone,
       EXISTS (
           SELECT FROM outbox.mirror AS other
           WHERE other.target = {target} AND other.resource = {resource}
             AND other.remote_id = m.remote_id AND other.key <> m.key AND other.in_doubt IS NULL
       ) AS shared
FROM wanted AS w
LEFT JOIN outbox.target AS t ON t.target = {target}
CROSS JOIN LATERAL (
    SELECT array_agg(m.id ORDER BY m.id) AS ids,
           array_agg(m.id ORDER BY m.id) FILTER (WHERE m.status = 'pending') AS pending_ids,
           (array_agg(m.attempts ORDER BY m.id DESC) FILTER (WHERE m.status = 'pending'))[1] AS attempts,
           extract(epoch FROM clock_timestamp() - max(m.changed_at) FILTER (WHERE m.status = 'pending'))::float8 AS age_s,
           bool_or(m.operation = 'REGISTER' AND m.status = 'pending') AS registered,
           string_agg(array_to_string(m.approved, ' '), ' ') FILTER (WHERE m.status = 'pending') AS approved,
           (array_agg(m.withheld ORDER BY m.id DESC) FILTER (WHERE m.status = 'held'))[1] AS withheld
    FROM outbox.message AS m
    WHERE m.target = {target} AND m.resource = {resource} AND m.key = w.key AND m.status <> 'done'
) AS o
LEFT JOIN desired AS d ON d.key = w.key
LEFT JOIN LATERAL (
    SELECT * FROM outbox.mirror AS m WHERE m.target = {target} AND m.resource = {resource} AND m.key = w.key LIMIT 1
) AS m ON true
WHERE o.pending_ids IS NOT NULL
  AND (%(lanes)s::integer[] IS NULL
       OR outbox.lane({resource}, w.key, NULL, %(lane_count)s) = ANY (%(lanes)s::integer[]))
