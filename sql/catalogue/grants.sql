-- What others may do with the outbox: PUBLIC nothing, roles that are not its own may not write.
SELECT g.what, coalesce(quote_ident(r.rolname), 'PUBLIC') AS who,
       string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) AS rights
FROM (
    SELECT format('%I.%I', 'outbox', c.relname) AS what, c.relowner AS owner, a.grantee, a.privilege_type
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE c.relnamespace = 'outbox'::regnamespace
    UNION ALL
    SELECT 'SCHEMA outbox', n.nspowner, a.grantee, a.privilege_type
    FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE n.nspname = 'outbox'
) AS g
LEFT JOIN pg_roles AS r ON r.oid = g.grantee
WHERE g.grantee = 0
   OR g.grantee <> g.owner AND g.privilege_type NOT IN ('SELECT', 'USAGE')
      AND r.rolname NOT IN ('outbox_owner', 'outbox_relay', 'outbox_operator', 'outbox_auditor')
GROUP BY 1, 2
ORDER BY 1, 2
