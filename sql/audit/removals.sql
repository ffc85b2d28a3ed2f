-- What was removed from which cloud, when, and on whose change?
SELECT m.settled_at AS removed_at,
       m.target,
       m.resource,
       m.key,
       c.changed_at,
       c.changed_by,
       c.application,
       c.operation,
       c.source,
       -- none: it went with its parent
       (SELECT count(*) FROM outbox.attempt AS a WHERE a.message_id = m.id) AS calls,
       m.id AS message
FROM outbox.message AS m
JOIN outbox.origin AS c ON c.message = m.id
WHERE m.outcome = 'removed'
ORDER BY m.settled_at DESC, m.id DESC;
