-- What was removed from which cloud, when, and on whose change?
WITH RECURSIVE step AS (
    SELECT m.id AS removal, m.id, m.cause
    FROM outbox.message AS m
    WHERE m.outcome = 'removed'
    UNION ALL
    SELECT s.removal, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    -- a cause is older than what was expanded from it
    SELECT s.removal, min(s.id) AS change
    FROM step AS s
    GROUP BY s.removal
)
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
FROM origin AS o
JOIN outbox.message AS m ON m.id = o.removal
JOIN outbox.message AS c ON c.id = o.change
ORDER BY m.settled_at DESC, m.id DESC;
