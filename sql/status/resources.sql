-- What is not done, per target and resource. `waiting`: tried before, and to be tried again.
SELECT m.target, m.resource,
       count(*) FILTER (WHERE m.status = 'pending') AS pending,
       count(*) FILTER (WHERE m.status = 'held') AS held,
       count(*) FILTER (WHERE m.status = 'dead') AS dead,
       count(*) FILTER (WHERE m.status = 'pending' AND m.error IS NOT NULL) AS waiting,
       max(m.error) FILTER (WHERE m.status = 'pending') AS error,
       extract(epoch FROM clock_timestamp() - min(m.changed_at) FILTER (WHERE m.status = 'pending'))::float8 AS oldest_s,
       extract(epoch FROM min(m.due_at) FILTER (WHERE m.status = 'pending') - clock_timestamp())::float8 AS next_due_s
FROM outbox.message AS m
WHERE m.status <> 'done'
GROUP BY m.target, m.resource
ORDER BY m.target, m.resource
