-- Sessions that fire no triggers: by the setting of this one, or of a role or database.
SELECT 'this session' AS who WHERE current_setting('session_replication_role') <> 'origin'
UNION ALL
SELECT concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname)
FROM pg_db_role_setting AS s
LEFT JOIN pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
WHERE EXISTS (SELECT FROM unnest(s.setconfig) AS c WHERE c LIKE 'session\_replication\_role=%' AND c NOT LIKE '%=origin')
