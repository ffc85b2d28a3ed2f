-- The desired views of the targets and everything they read, through views on views, as pg_depend has it. Takes no lock
-- on any of them.
WITH RECURSIVE reached AS (
    SELECT c.oid, true AS desired
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(targets)s) AND c.relname = ANY (%(resources)s)
      AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
    UNION
    SELECT d.refobjid, false
    FROM reached AS v
    JOIN pg_rewrite AS r ON r.ev_class = v.oid AND r.rulename = '_RETURN'
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
)
SELECT c.oid,
       n.nspname AS schema,
       c.relname AS name,
       format('%%I.%%I', n.nspname, c.relname) AS sql,
       c.relkind AS kind,
       bool_or(reached.desired) AS desired,
       n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS system,
       has_table_privilege(c.oid, 'SELECT') AS may_select,
       c.relispartition AS partition,
       EXISTS (SELECT FROM pg_options_to_table(c.reloptions) AS o
               WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker,
       (SELECT r.ev_action::text FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.rulename = '_RETURN') AS tree
FROM reached
JOIN pg_class AS c ON c.oid = reached.oid AND c.relkind <> 'c'
JOIN pg_namespace AS n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname
ORDER BY n.nspname, c.relname
