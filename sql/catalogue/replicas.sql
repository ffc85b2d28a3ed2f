-- Sessions that fire no triggers here: by the setting of this one, or of a role or this database (`local` fires them).
SELECT 'this session' AS who WHERE current_setting('session_replication_role') = 'replica'
UNION ALL
SELECT coalesce(nullif(concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname), ''), 'all roles')
FROM pg_db_role_setting AS s
LEFT JOIN pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
WHERE (s.setdatabase = 0 OR d.datname = current_database())
  AND EXISTS (SELECT FROM unnest(s.setconfig) AS c WHERE c ILIKE 'session\_replication\_role=replica')
