-- Who was invited by which cloud (a new user gets an activation mail), when, and on whose change?
WITH RECURSIVE invitation AS (
    SELECT a.*
    FROM outbox.attempt AS a
    WHERE a.resource = 'users'
      AND a.method = 'POST'
      AND a.path ~ '/users$'
      AND (a.http_status IS NULL OR a.http_status BETWEEN 200 AND 299 OR a.http_status >= 500)
), step AS (
    SELECT m.id AS message, m.id, m.cause
    FROM outbox.message AS m
    WHERE m.id IN (SELECT i.message_id FROM invitation AS i)
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
SELECT i.started_at AS invited_at,
       i.target,
       i.key[1] AS user_code,
       CASE WHEN i.http_status BETWEEN 200 AND 299 THEN 'yes' ELSE 'perhaps: no clear answer' END AS mailed,
       i.http_status,
       m.document ->> 'email' AS email,  -- dropped after the retention time
       c.changed_by,
       c.operation,
       c.source,
       i.message_id AS message
FROM invitation AS i
LEFT JOIN outbox.message AS m ON m.id = i.message_id
LEFT JOIN origin AS o ON o.message = i.message_id
LEFT JOIN outbox.message AS c ON c.id = o.change
ORDER BY i.started_at DESC, i.id DESC;
