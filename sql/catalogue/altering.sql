-- Who is altering a table or view, so that its definition cannot even be read. The longest transaction first.
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::integer AS seconds,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 100) AS query
FROM (SELECT DISTINCT l.pid FROM pg_locks AS l
      JOIN pg_class AS c ON c.oid = l.relation
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.granted AND l.mode = 'AccessExclusiveLock' AND n.nspname !~ '^pg_') AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE a.pid <> pg_backend_pid()
ORDER BY a.xact_start
