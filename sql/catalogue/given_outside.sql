-- What install gave the roles outside schema outbox, to be taken back by uninstall.
SELECT format('%s ON %s FROM %I', g.privilege_type, g.object, r.rolname) AS what
FROM (
    SELECT a.grantee, a.privilege_type, format('SCHEMA %I', n.nspname) AS object, n.nspname
    FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE a.privilege_type = 'USAGE'
    UNION ALL
    SELECT a.grantee, a.privilege_type, format('%I.%I', n.nspname, c.relname), n.nspname
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE a.privilege_type = 'SELECT'
) AS g
JOIN pg_roles AS r ON r.oid = g.grantee
WHERE r.rolname IN ('outbox_owner', 'outbox_relay', 'outbox_operator') AND g.nspname <> 'outbox'
ORDER BY 1
