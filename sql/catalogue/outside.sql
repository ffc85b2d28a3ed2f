-- Rights outside schema outbox that the roles lack: relay, operator and the owner's functions read the desired views; the
-- owner reads the tables behind them, which expansion follows. Of a type, an operator or a collation that does not come
-- with PostgreSQL they need the schema, where they name it: for the columns of the views, and (the owner, in capture
-- too) for those columns of the tables that are used. By whatever way they have them: membership and PUBLIC count.
WITH RECURSIVE needed AS (
    SELECT 'outbox_owner' AS role, s AS oid, u.column
    FROM unnest(%(tables)s::oid[]) AS s
    LEFT JOIN unnest(%(used_of)s::oid[], %(used)s::integer[]) AS u ("table", "column") ON u.table = s
    UNION ALL
    SELECT r, v, a.attnum
    FROM unnest(%(views)s::oid[]) AS v
    CROSS JOIN unnest(ARRAY['outbox_operator', 'outbox_relay', 'outbox_owner']) AS r
    JOIN pg_attribute AS a ON a.attrelid = v
), found AS (
    SELECT d.role, n.nspname, n.oid AS schema, c.relname, c.oid
    FROM needed AS d
    JOIN pg_class AS c ON c.oid = d.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
), named AS (
    SELECT d.role, a.atttypid AS type, a.attcollation AS collation
    FROM needed AS d
    JOIN pg_attribute AS a ON a.attrelid = d.oid AND a.attnum = d.column
    UNION
    SELECT n.role, t.typbasetype, t.typcollation
    FROM named AS n
    JOIN pg_type AS t ON t.oid = n.type AND t.typtype = 'd'
), schemas AS (
    SELECT role, schema FROM found
    UNION
    SELECT n.role, t.typnamespace FROM named AS n JOIN pg_type AS t ON t.oid = n.type
    UNION
    SELECT n.role, c.collnamespace FROM named AS n JOIN pg_collation AS c ON c.oid = n.collation
)
SELECT 1 AS place, s.role, format('USAGE ON SCHEMA %%I', n.nspname) AS what
FROM schemas AS s
JOIN pg_namespace AS n ON n.oid = s.schema
WHERE NOT has_schema_privilege(s.role, s.schema, 'USAGE')
UNION ALL
SELECT DISTINCT 2, role, format('SELECT ON %%I.%%I', nspname, relname)
FROM found
WHERE NOT has_table_privilege(role, oid, 'SELECT')
ORDER BY 1, 2, 3
