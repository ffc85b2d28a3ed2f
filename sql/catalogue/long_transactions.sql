-- Transactions of this database that have been open for long: they keep what is done from being cleaned up, and a relay
-- from its sleep. Of other people's one sees the age only as a member of pg_monitor.
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::integer AS seconds
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.xact_start < clock_timestamp() - make_interval(secs => %(longer_than_s)s)
ORDER BY a.xact_start
