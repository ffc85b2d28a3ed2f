-- How many calls to the clouds do 1,000 changes cost, per day and target?
-- (A change counts once for every resource that it may touch.)
WITH changed AS (
    SELECT m.changed_at::date AS day, m.target, count(*) AS changes
    FROM outbox.message AS m
    WHERE m.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    GROUP BY day, m.target
), called AS (
    -- a call that carries many values has an attempt for each
    SELECT a.started_at::date AS day, a.target,
           count(DISTINCT (a.started_at, a.method, a.path, a.key[1])) AS calls
    FROM outbox.attempt AS a
    GROUP BY day, a.target
)
SELECT day,
       target,
       coalesce(d.changes, 0) AS changes,
       coalesce(s.calls, 0) AS calls,
       -- null: calls without a change, such as a register
       round(1000.0 * coalesce(s.calls, 0) / d.changes) AS calls_per_1000_changes
FROM changed AS d
FULL JOIN called AS s USING (day, target)
ORDER BY day DESC, target;
