-- What the functions and operators of a view are: built in or not, how stable they say they are, and whether their body
-- is known to read a table (a body that is a string leaves no dependency and is looked at as text).
WITH called AS (
    SELECT f AS oid FROM unnest(%(functions)s::oid[]) AS f
    UNION
    SELECT o.oprcode FROM pg_operator AS o WHERE o.oid = ANY (%(operators)s::oid[])
    UNION
    -- a conversion by way of text
    SELECT t.typinput FROM pg_type AS t WHERE t.oid = ANY (%(types)s::oid[])
), parts AS (
    SELECT oid FROM called
    UNION
    SELECT p.part
    FROM called
    JOIN pg_aggregate AS a ON a.aggfnoid = called.oid
    CROSS JOIN LATERAL (VALUES (a.aggtransfn::oid), (a.aggfinalfn::oid)) AS p (part)
)
SELECT p.oid,
       n.nspname AS schema,
       p.proname AS name,
       format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS sql,
       n.nspname = 'pg_catalog' AND p.oid < 16384 AS built_in,
       p.provolatile AS volatility,
       l.lanname AS language,
       p.prosrc AS body,
       md5(CASE WHEN p.prokind = 'a' THEN p.proname ELSE pg_get_functiondef(p.oid) END) AS hash,
       ARRAY(SELECT d.refobjid::regclass::text FROM pg_depend AS d
             WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass)
           AS tables
FROM parts
JOIN pg_proc AS p ON p.oid = parts.oid
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
ORDER BY n.nspname, p.proname, p.oid
