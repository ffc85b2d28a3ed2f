-- What is not done about a key: its own messages, and those of a prefix of it; each with the change that it was expanded
-- from, however many steps ago.
WITH RECURSIVE stuck AS (
    SELECT m.*
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status <> 'done'
      AND m.key IN (SELECT (%(key)s::text[])[1 : n] FROM generate_series(0, cardinality(%(key)s::text[])) AS n)
), step AS (
    SELECT s.id AS message, s.id, s.cause
    FROM stuck AS s
    UNION ALL
    SELECT s.message, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    SELECT s.message, min(s.id) AS change
    FROM step AS s
    GROUP BY s.message
)
SELECT s.id, s.status, c.operation, c.source, c.changed_at, c.changed_by, s.attempts, s.due_at, s.http_status, s.error,
       s.withheld, s.batch
FROM stuck AS s
JOIN origin AS o ON o.message = s.id
JOIN outbox.message AS c ON c.id = o.change
ORDER BY s.id
