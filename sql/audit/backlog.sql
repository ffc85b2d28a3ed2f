-- How much is waiting, per target and resource, since when, and is it held up?
SELECT m.target,
       m.resource,
       count(*) AS pending,
       count(*) FILTER (WHERE m.due_at > now()) AS backing_off,
       min(m.changed_at) AS oldest,
       date_trunc('second', now() - min(m.changed_at)) AS behind,
       CASE WHEN t.active_since IS NULL THEN 'waits for its first register'
            WHEN t.paused_at IS NOT NULL THEN 'paused: ' || t.why
            ELSE 'open' END AS target_is
FROM outbox.message AS m
JOIN outbox.target AS t ON t.target = m.target
WHERE m.status = 'pending'
GROUP BY m.target, m.resource, t.active_since, t.paused_at, t.why
ORDER BY oldest;
