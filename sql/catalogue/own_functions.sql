-- The functions in schema outbox, whoever made them. pinned: nobody can lend them names of his own.
SELECT p.proname AS name, format('outbox.%I', p.proname) AS sql, p.prosrc AS body, p.prosecdef AS definer,
       EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE replace(c, '"', '') = 'search_path=pg_catalog, pg_temp') AS pinned
FROM pg_proc AS p
WHERE p.pronamespace = to_regnamespace('outbox')
ORDER BY p.proname, p.oid
