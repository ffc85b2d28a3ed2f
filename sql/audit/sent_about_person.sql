-- What left for which cloud about one person, when, and on whose change?
-- user  the user code, e.g. BAKKER
WITH RECURSIVE sent AS (
    SELECT a.*
    FROM outbox.attempt AS a
    WHERE a.resource IN ('users', 'company_access', 'app_access')
      AND a.key[1] = :'user'
), step AS (
    SELECT m.id AS message, m.id, m.cause
    FROM outbox.message AS m
    WHERE m.id IN (SELECT s.message_id FROM sent AS s)
    UNION ALL
    SELECT s.message, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    -- a cause is older than what was expanded from it
    SELECT s.message, min(s.id) AS change
    FROM step AS s
    GROUP BY s.message
)
SELECT s.started_at AS sent_at,
       s.target,
       s.resource,
       s.key,
       s.method,
       s.path,
       s.http_status,
       m.outcome,
       m.document,  -- dropped after the retention time
       c.changed_by,
       c.operation,
       c.source,
       coalesce(s.error, m.error) AS error,
       s.message_id AS message
FROM sent AS s
LEFT JOIN outbox.message AS m ON m.id = s.message_id
LEFT JOIN origin AS o ON o.message = s.message_id
LEFT JOIN outbox.message AS c ON c.id = o.change
ORDER BY s.started_at, s.id;
