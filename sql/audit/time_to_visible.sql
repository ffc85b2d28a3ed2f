-- How long did it take from a change to the cloud (p50 and p95 in milliseconds, per day and target)?
WITH RECURSIVE step AS (
    SELECT m.id AS delivery, m.id, m.cause
    FROM outbox.message AS m
    WHERE m.outcome IN ('created', 'updated', 'removed')
    UNION ALL
    SELECT s.delivery, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    -- a cause is older than what was expanded from it
    SELECT s.delivery, min(s.id) AS change
    FROM step AS s
    GROUP BY s.delivery
), visible AS (
    SELECT m.target,
           m.settled_at::date AS day,
           1000 * extract(epoch FROM m.settled_at - c.changed_at)::float8 AS took_ms
    FROM origin AS o
    JOIN outbox.message AS m ON m.id = o.delivery
    JOIN outbox.message AS c ON c.id = o.change
    -- what a person registered was not late: it had no change of its own
    WHERE c.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
)
SELECT v.day,
       v.target,
       count(*) AS changes,
       round(percentile_cont(0.50) WITHIN GROUP (ORDER BY v.took_ms)) AS p50_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY v.took_ms)) AS p95_ms
FROM visible AS v
GROUP BY v.day, v.target
ORDER BY v.day DESC, v.target;
