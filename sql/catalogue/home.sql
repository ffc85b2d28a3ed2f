-- What a restore changes, and an upgrade of the server: then oids, numbers of columns and stored definitions are others.
SELECT concat_ws(' ', c.system_identifier, d.oid, current_setting('server_version_num')::integer / 10000) AS home,
       to_regnamespace('outbox') IS NOT NULL AS installed
FROM pg_control_system() AS c
JOIN pg_database AS d ON d.datname = current_database()
