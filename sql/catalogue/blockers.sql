-- Who holds or waits for a lock on the table that is in the way of CREATE TRIGGER, the longest transaction first.
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::integer AS seconds,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 100) AS query
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation = %(table)s::regclass AND l.pid <> pg_backend_pid()
  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
ORDER BY a.xact_start
