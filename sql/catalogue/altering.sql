-- Who is altering a table or view, so that its definition cannot even be read. The longest transaction first.
SELECT coalesce('process ' || a.pid, 'the prepared transaction ' || p.gid) AS who, coalesce(a.usename, p.owner) AS role,
       a.application_name AS application, coalesce(a.state, 'prepared') AS state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::integer AS seconds,
       coalesce(left(regexp_replace(a.query, '\s+', ' ', 'g'), 100), 'COMMIT or ROLLBACK PREPARED') AS query
FROM (SELECT DISTINCT l.pid, l.virtualtransaction FROM pg_locks AS l
      JOIN pg_class AS c ON c.oid = l.relation
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.granted AND l.mode = 'AccessExclusiveLock' AND n.nspname !~ '^pg_') AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN pg_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
WHERE a.pid <> pg_backend_pid() OR p.gid IS NOT NULL
ORDER BY coalesce(a.xact_start, p.prepared)
