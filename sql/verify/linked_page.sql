-- What the target should hold by the mirror, page by page in the order of the key; see known.sql for `moving`.
SELECT m.key, m.remote_id,
       coalesce(m.confirmed_at > %(started_at)s, false) OR EXISTS (
           SELECT FROM outbox.message AS o
           WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done'
       ) AS moving
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key > %(after)s::text[] AND m.remote_id IS NOT NULL
ORDER BY m.key
LIMIT %(limit)s
