-- Of these companies those that the view no longer has and the cloud still holds, and where their removal stands: held,
-- rejected, or pending and not judged yet. None of these (it may go, or it is dead): its projects and costs are on their own.
SELECT g.code, g.fate, h.error, h.batch
FROM (
    SELECT m.key, m.key[1] AS code,
           CASE
               WHEN EXISTS (
                   SELECT FROM outbox.passed AS p
                   WHERE p.target = m.target AND p.resource = m.resource AND p.call = 'remove' AND p.key = m.key
                     AND p.passed_at > now() - CASE WHEN p.decision IS NULL THEN interval '1 hour' ELSE interval '1 day' END)
                   THEN NULL
               WHEN o.held THEN 'held'
               WHEN EXISTS (
                   SELECT FROM outbox.rejection AS r
                   WHERE r.target = m.target AND r.resource = m.resource AND r.key = m.key AND r.row_hash IS NULL)
                   THEN CASE WHEN NOT o.asked THEN 'rejected' END
               WHEN o.pending AND NOT o.approved AND m.intent IS DISTINCT FROM 'remove' THEN 'unjudged'
           END AS fate
    FROM outbox.mirror AS m
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(o.status = 'held' AND o.withheld = 'remove'), false) AS held,
               coalesce(bool_or(o.status = 'pending'), false) AS pending,
               coalesce(bool_or(o.status = 'pending' AND 'remove' = ANY (o.approved)), false) AS approved,
               coalesce(bool_or(o.status = 'pending' AND o.operation = 'REGISTER'), false) AS asked
        FROM outbox.message AS o
        WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done'
    ) AS o
    WHERE m.target = %(target)s AND m.resource = 'companies' AND m.remote_id IS NOT NULL
      AND m.key = ANY (SELECT ARRAY[c.code] FROM unnest(%(codes)s::text[]) AS c (code))
      AND m.key[1] NOT IN (
          SELECT v.company_code::text FROM {view} AS v WHERE v.company_code = ANY (%(codes)s::text[]::{key_type}[]))
) AS g
LEFT JOIN LATERAL (
    SELECT m.error, m.batch
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = 'companies' AND m.key = g.key AND m.status = 'held'
    ORDER BY m.id DESC
    LIMIT 1
) AS h ON g.fate = 'held'
WHERE g.fate IS NOT NULL
