-- Of the triggers that install wants to make those whose names somebody else's triggers have: CREATE OR REPLACE would end
-- these.
SELECT format('trigger %%I on %%I.%%I', t.tgname, n.nspname, c.relname) AS what, t.tgfoid::regprocedure::text AS function
FROM unnest(%(relations)s::oid[], %(names)s::text[]) AS w (relation, name)
JOIN pg_trigger AS t ON t.tgrelid = w.relation AND t.tgname = w.name
JOIN pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT (p.pronamespace = to_regnamespace('outbox') AND p.proname LIKE 'capture\_%%') IS TRUE
ORDER BY 1
