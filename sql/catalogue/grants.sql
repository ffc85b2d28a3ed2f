-- What PUBLIC may do with the outbox: nothing.
SELECT format('%I.%I', n.nspname, c.relname) AS what, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS rights
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE n.nspname = 'outbox' AND a.grantee = 0
GROUP BY n.nspname, c.relname
UNION ALL
SELECT 'schema outbox', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
WHERE n.nspname = 'outbox' AND a.grantee = 0
HAVING count(*) > 0
ORDER BY 1
