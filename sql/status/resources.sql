-- What is not done, per target and resource. `waiting`: tried before, and to be tried again. `in_doubt`: for longer than a
-- call may take, so not what is just under way.
WITH open AS (
    SELECT m.target, m.resource,
           count(*) FILTER (WHERE m.status = 'pending') AS pending,
           count(DISTINCT m.key) FILTER (WHERE m.status = 'held') AS held,
           count(DISTINCT m.key) FILTER (WHERE m.status = 'dead') AS dead,
           count(*) FILTER (WHERE m.status = 'pending' AND m.error IS NOT NULL) AS waiting,
           max(m.error) FILTER (WHERE m.status = 'pending') AS error,
           extract(epoch FROM clock_timestamp() - min(m.changed_at) FILTER (WHERE m.status = 'pending'))::float8 AS oldest_s,
           extract(epoch FROM min(m.due_at) FILTER (WHERE m.status = 'pending') - clock_timestamp())::float8 AS next_due_s
    FROM outbox.message AS m
    WHERE m.status <> 'done'
    GROUP BY m.target, m.resource
), doubt AS (
    SELECT m.target, m.resource, count(*) AS in_doubt
    FROM outbox.mirror AS m
    WHERE m.in_doubt < clock_timestamp() - interval '30 seconds'
    GROUP BY m.target, m.resource
)
SELECT target, resource, coalesce(o.pending, 0) AS pending, coalesce(o.held, 0) AS held, coalesce(o.dead, 0) AS dead,
       coalesce(o.waiting, 0) AS waiting, coalesce(d.in_doubt, 0) AS in_doubt, o.error, o.oldest_s, o.next_due_s
FROM open AS o
FULL JOIN doubt AS d USING (target, resource)
ORDER BY target, resource
