-- What was refused by a cloud or ran out of attempts, in the cloud's words?
WITH RECURSIVE step AS (
    SELECT m.id AS message, m.id, m.cause
    FROM outbox.message AS m
    WHERE m.status = 'dead'
    UNION ALL
    SELECT s.message, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    -- the change that it was expanded from; a cause is older
    SELECT s.message, min(s.id) AS change
    FROM step AS s
    GROUP BY s.message
)
SELECT DISTINCT ON (m.target, m.resource, m.key)
       m.target,
       m.resource,
       m.key,
       m.http_status,
       m.error AS why,
       m.settled_at AS since,
       m.attempts,
       c.changed_by,
       c.source,
       m.id AS message
FROM origin AS o
JOIN outbox.message AS m ON m.id = o.message
JOIN outbox.message AS c ON c.id = o.change
ORDER BY m.target, m.resource, m.key, m.id DESC;
