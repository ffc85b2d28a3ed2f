-- What the definitions of the views mention: relations with their columns (0: the relation itself), and functions, as
-- such or below operators, aggregates and types that are not built in (built-in ones leave no trace in pg_depend).
-- A composite type of which they take an attribute is no source: see columns.sql.
SELECT r.ev_class AS view, d.refclassid::regclass::text AS class, d.refobjid AS object, d.refobjsubid AS number
FROM pg_rewrite AS r
JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
WHERE r.ev_class = ANY (%(relations)s) AND r.rulename = '_RETURN'
  AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND d.refobjid <> r.ev_class
  AND NOT EXISTS (SELECT FROM pg_class AS c WHERE d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid AND c.relkind = 'c')
ORDER BY 1, 2, 3, 4
