-- What the functions and operators of a view are: built in or not, how stable they say they are, and whether their body
-- is known to read a table (a body that is a string leaves no dependency and is looked at as text). And those that they
-- call: of these no dependency tells, or one that nobody asked for, so they are found by their names. within: only called
-- by such a function, whose author answers for how stable it is. equals: by an operator = in place of PostgreSQL's own.
WITH RECURSIVE called AS (
    SELECT f AS oid FROM unnest(%(functions)s::oid[]) AS f
    UNION
    SELECT o.oprcode FROM pg_operator AS o WHERE o.oid = ANY (%(operators)s::oid[])
    UNION
    -- a conversion by way of text
    SELECT t.typinput FROM pg_type AS t WHERE t.oid = ANY (%(types)s::oid[])
), parts AS (
    SELECT oid, false AS within FROM called
    UNION
    SELECT p.part, false
    FROM called
    JOIN pg_aggregate AS a ON a.aggfnoid = called.oid
    CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn,
                                    a.aggmfinalfn]::oid[]) AS p (part)
    UNION
    SELECT inner_.oid, true
    FROM parts
    JOIN pg_proc AS p ON p.oid = parts.oid AND p.oid >= 16384
    JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql')
    CROSS JOIN LATERAL regexp_matches(
        -- without strings and comments (.*? would not stop at the first end: alternatives are greedy)
        regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
                       $$'(?:[^']|'')*'|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/$$, ' ', 'g'),
        '([[:alpha:]_][[:alnum:]_$]*)"?\s*\(', 'g') AS m (words)
    JOIN pg_proc AS inner_ ON inner_.proname IN (m.words[1], lower(m.words[1])) AND inner_.oid >= 16384
)
SELECT p.oid,
       n.nspname AS schema,
       p.proname AS name,
       format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS sql,
       n.nspname = 'pg_catalog' AND p.oid < 16384 AS built_in,
       bool_and(parts.within) AS within,
       p.provolatile AS volatility,
       l.lanname AS language,
       EXISTS (SELECT FROM pg_operator AS o
               WHERE o.oid = ANY (%(operators)s::oid[]) AND o.oid >= 16384 AND o.oprcode = p.oid
                 AND o.oprname = '=' AND o.oprleft = o.oprright AND o.oprleft < 16384) AS equals,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body,
       md5(CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
                ELSE (SELECT concat_ws(' ', p.proname, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn,
                                       a.aggminvtransfn, a.aggmfinalfn, a.agginitval, a.aggminitval)
                      FROM pg_aggregate AS a WHERE a.aggfnoid = p.oid) END) AS hash,
       -- not one of which it takes the columns of a row that it is given
       ARRAY(SELECT d.refobjid::regclass::text FROM pg_depend AS d
             WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
               AND (d.refobjsubid = 0 OR p.prosqlbody::text LIKE '%%:relid ' || d.refobjid || ' %%')) AS tables
FROM parts
JOIN pg_proc AS p ON p.oid = parts.oid
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
GROUP BY p.oid, n.nspname, l.lanname
ORDER BY n.nspname, p.proname, p.oid
