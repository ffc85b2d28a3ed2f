-- What stands around the outbox, one row. reset_val: what the application's sessions have, not what this one has set.
SELECT (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS synchronous_commit,
       current_setting('fsync') AS fsync,
       pg_backend_pid() AS backend_pid,
       extract(epoch FROM clock_timestamp())::float8 AS clock,
       (SELECT max(extract(epoch FROM clock_timestamp() - m.changed_at))::float8 FROM outbox.message AS m
        JOIN outbox.target AS t USING (target)
        WHERE m.status = 'pending' AND m.due_at IS NULL AND t.active_since IS NOT NULL AND t.paused_at IS NULL) AS oldest_s,
       (SELECT count(*) FROM outbox.message AS m WHERE m.status = 'held') AS held,
       (SELECT count(*) FROM outbox.message AS m WHERE m.status = 'dead') AS dead,
       ARRAY(SELECT t.target FROM outbox.target AS t WHERE t.verify_since IS NOT NULL ORDER BY 1) AS unverified
