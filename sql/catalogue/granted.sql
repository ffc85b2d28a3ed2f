-- What is granted in schema outbox, one row for each role, privilege, object and column. Owners' own rights aside.
SELECT coalesce(r.rolname, 'PUBLIC') AS role, g.privilege_type AS privilege, g.kind, g.object, g.column
FROM (
    SELECT a.grantee, a.privilege_type, 'SCHEMA' AS kind, 'outbox' AS object, NULL::name AS column, n.nspowner AS owner
    FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE n.nspname = 'outbox'
    UNION ALL
    SELECT a.grantee, a.privilege_type, '', format('outbox.%I', c.relname), NULL, c.relowner
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE c.relnamespace = to_regnamespace('outbox')
    UNION ALL
    SELECT a.grantee, a.privilege_type, '', format('outbox.%I', c.relname), t.attname, c.relowner
    FROM pg_class AS c
    JOIN pg_attribute AS t ON t.attrelid = c.oid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) AS a
    WHERE c.relnamespace = to_regnamespace('outbox')
    UNION ALL
    -- No entry at all means the default, with which PUBLIC may execute.
    SELECT a.grantee, a.privilege_type, 'FUNCTION', format('outbox.%I', p.proname), NULL, p.proowner
    FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE p.pronamespace = to_regnamespace('outbox')
) AS g
LEFT JOIN pg_roles AS r ON r.oid = g.grantee
WHERE g.grantee <> g.owner
ORDER BY 1, 3, 4, 5, 2
