-- What the definitions of the views mention: relations with their columns (0: the relation itself), and functions, as
-- such or below operators, aggregates and types that are not built in (built-in ones leave no trace in pg_depend).
SELECT r.ev_class AS view, d.refclassid::regclass::text AS class, d.refobjid AS object, d.refobjsubid AS number
FROM pg_rewrite AS r
JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
WHERE r.ev_class = ANY (%(relations)s) AND r.rulename = '_RETURN'
  AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND d.refobjid <> r.ev_class
ORDER BY 1, 2, 3, 4
