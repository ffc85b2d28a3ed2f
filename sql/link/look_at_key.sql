-- What stands against linking or unlinking a key: see outbox/operator/link.py.
SELECT (SELECT count(*) FROM {view} AS v WHERE {view_match}) AS rows,
       m.key IS NOT NULL AS mirrored,
       m.remote_id,
       m.intent IS NOT NULL AND m.in_doubt IS NOT NULL AND EXISTS (
           SELECT FROM outbox.message AS o
           WHERE o.target = {target} AND o.resource = {resource} AND o.key = %(key)s::text[] AND o.status = 'pending'
       ) AS under_way,
       (SELECT x.key FROM outbox.mirror AS x
        WHERE x.target = {target} AND x.resource = {resource} AND x.key <> %(key)s::text[]
          AND x.remote_id = coalesce(%(remote_id)s, m.remote_id)
        LIMIT 1) AS other,
       (SELECT x.key FROM outbox.mirror AS x
        WHERE x.target = {target} AND x.resource = {resource} AND x.key <> %(key)s::text[]
          AND x.remote_id IS NULL AND lower(%(name)s) = ANY (SELECT lower(unnest(x.sending)))
        LIMIT 1) AS making
FROM (SELECT) AS one
LEFT JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND m.key = %(key)s::text[]
