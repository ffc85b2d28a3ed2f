-- Partitions and inheriting tables of the relations, and what they themselves belong to, at any depth: a statement on
-- one reaches the rows of the other, but fires the triggers of the table it names only. One that DETACH ... CONCURRENTLY
-- has begun to take away, or left when it was cancelled, shows no rows there any more.
WITH RECURSIVE below AS (
    SELECT r AS source, r AS member FROM unnest(%(relations)s::oid[]) AS r
    UNION
    SELECT b.source, i.inhrelid
    FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.member AND NOT i.inhdetachpending
), above AS (
    SELECT r AS source, r AS member FROM unnest(%(relations)s::oid[]) AS r
    UNION
    SELECT a.source, i.inhparent
    FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.member AND NOT i.inhdetachpending
)
SELECT f.source, c.oid, n.nspname || '.' || c.relname AS dotted, format('%%I.%%I', n.nspname, c.relname) AS sql,
       c.relkind AS kind,
       CASE WHEN c.relkind = 'f' THEN 'a foreign table, whose changes no trigger sees'
            WHEN EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = c.oid)
                THEN 'a table fed by a subscription, which fires no statement triggers'
            WHEN c.relkind = 'r' AND c.relpersistence = 'u' THEN 'an unlogged table, which a crash empties unseen'
       END AS unseen,
       has_table_privilege(c.oid, 'TRIGGER') AS may_trigger
FROM (TABLE below UNION TABLE above) AS f
JOIN pg_class AS c ON c.oid = f.member
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY f.source, f.member <> f.source, n.nspname, c.relname
