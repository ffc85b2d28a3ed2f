-- Who holds or waits for a lock on the table that is in the way of CREATE TRIGGER (or, with readers, of DROP TRIGGER);
-- without a table: on one of the outbox's own. The longest transaction first.
SELECT coalesce('process ' || a.pid, 'the prepared transaction ' || p.gid) AS who, coalesce(a.usename, p.owner) AS role,
       a.application_name AS application, coalesce(a.state, 'prepared') AS state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::integer AS seconds,
       coalesce(left(regexp_replace(a.query, '\s+', ' ', 'g'), 100), 'COMMIT or ROLLBACK PREPARED') AS query
FROM (SELECT DISTINCT l.pid, l.virtualtransaction FROM pg_locks AS l
      JOIN pg_class AS c ON c.oid = l.relation
      WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        -- to_regclass does not know U&"", as which names with a line break are written
        AND (c.oid = to_regclass(CASE WHEN %(table)s::text ~ '(^|\.)U&"'
                                 THEN regexp_replace(unistr(%(table)s), '(^|\.)U&"', '\1"', 'g') ELSE %(table)s END)
             OR %(table)s::text IS NULL AND c.relnamespace = to_regnamespace('outbox'))
        AND (l.mode NOT IN ('AccessShareLock', 'RowShareLock') OR %(readers)s OR %(table)s::text IS NULL)) AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN pg_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
WHERE a.pid <> pg_backend_pid() OR p.gid IS NOT NULL
ORDER BY coalesce(a.xact_start, p.prepared)
