-- Transactions of this database that have been open for long: they keep what is done from being cleaned up, and a relay
-- from its sleep. Of other people's one sees the age only as a member of pg_monitor.
SELECT t.what, t.role, t.application, t.state, extract(epoch FROM clock_timestamp() - t.since)::integer AS seconds
FROM (
    SELECT 'the transaction of process ' || a.pid, a.usename, a.application_name, a.state, a.xact_start
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    UNION ALL
    SELECT 'the prepared transaction ' || p.gid, p.owner, NULL, 'prepared', p.prepared
    FROM pg_prepared_xacts AS p
    WHERE p.database = current_database()
) AS t (what, role, application, state, since)
WHERE t.since < clock_timestamp() - make_interval(secs => %(longer_than_s)s)
ORDER BY t.since
