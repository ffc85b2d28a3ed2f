-- The functions of the outbox that install makes, as they are now. Some databases quote all names, those of settings too.
SELECT p.proname AS name,
       pg_get_function_identity_arguments(p.oid) AS arguments,
       p.prosrc AS body,
       p.prosecdef AS definer,
       ARRAY(SELECT replace(c, '"', '') FROM unnest(p.proconfig) AS c) AS settings,
       EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
               WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE') AS public,
       p.proowner = n.nspowner AS owned
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'outbox'
  AND (p.proname LIKE 'capture\_%' AND p.prorettype = 'trigger'::regtype OR p.proname LIKE 'follow\_%')
ORDER BY p.proname
