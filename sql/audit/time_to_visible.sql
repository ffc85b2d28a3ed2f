-- How long did it take from a change to the cloud, per day and target?
-- (p50 and p95, in milliseconds.)
WITH visible AS (
    SELECT m.target,
           m.settled_at::date AS day,
           1000 * extract(epoch FROM m.settled_at - c.changed_at)::float8 AS took_ms
    FROM outbox.message AS m
    JOIN outbox.origin AS c ON c.message = m.id
    WHERE m.outcome IN ('created', 'updated', 'removed')
      -- what a person registered was not late: it had no change of its own
      AND c.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
)
SELECT v.day,
       v.target,
       count(*) AS changes,
       round(percentile_cont(0.50) WITHIN GROUP (ORDER BY v.took_ms)) AS p50_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY v.took_ms)) AS p95_ms
FROM visible AS v
GROUP BY v.day, v.target
ORDER BY v.day DESC, v.target;
