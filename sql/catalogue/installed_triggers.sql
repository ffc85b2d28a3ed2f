-- The triggers that call a function of the outbox, as they are now.
SELECT t.tgrelid AS relation,
       format('%I.%I', rn.nspname, c.relname) AS table,
       t.tgname AS name,
       p.proname AS function,
       t.tgtype AS type,
       t.tgenabled AS enabled,
       t.tgoldtable AS old_rows,
       t.tgnewtable AS new_rows,
       t.tgqual IS NULL AND t.tgattr = '' AND t.tgnargs = 0 AS plain
FROM pg_trigger AS t
JOIN pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS rn ON rn.oid = c.relnamespace
WHERE n.nspname = 'outbox' AND p.proname LIKE 'capture\_%' AND NOT t.tgisinternal
ORDER BY t.tgrelid, t.tgname
