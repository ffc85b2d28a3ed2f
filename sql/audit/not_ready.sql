-- Which keys were looked at last and found not ready, and what do they lack?
WITH last AS (
    SELECT DISTINCT ON (m.target, m.resource, m.key)
           m.target, m.resource, m.key, m.id, m.outcome, m.error, m.settled_at
    FROM outbox.message AS m
    WHERE m.status = 'done' AND m.outcome NOT IN ('expanded', 'superseded')
    ORDER BY m.target, m.resource, m.key, m.id DESC
)
SELECT l.target,
       l.resource,
       l.key,
       l.error AS lacks,
       l.settled_at AS looked_at,
       -- frozen: the cloud keeps what it holds
       m.key IS NOT NULL AS in_cloud,
       l.id AS message
FROM last AS l
LEFT JOIN outbox.mirror AS m USING (target, resource, key)
WHERE l.outcome = 'not_ready'
ORDER BY l.target, l.resource, l.key;
