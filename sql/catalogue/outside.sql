-- Rights outside schema outbox that the roles lack: relay, operator and the owner's functions read the desired views; the
-- owner reads the tables behind them, which expansion follows. By whatever way they have them: membership and PUBLIC
-- count.
WITH needed AS (
    SELECT 'outbox_owner' AS role, s AS oid FROM unnest(%(tables)s::oid[]) AS s
    UNION ALL
    SELECT r, v
    FROM unnest(%(views)s::oid[]) AS v
    CROSS JOIN unnest(ARRAY['outbox_operator', 'outbox_relay', 'outbox_owner']) AS r
), found AS (
    SELECT d.role, n.nspname, n.oid AS schema, c.relname, c.oid
    FROM needed AS d
    JOIN pg_class AS c ON c.oid = d.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT DISTINCT 1 AS place, role, format('USAGE ON SCHEMA %%I', nspname) AS what
FROM found
WHERE NOT has_schema_privilege(role, schema, 'USAGE')
UNION ALL
SELECT DISTINCT 2, role, format('SELECT ON %%I.%%I', nspname, relname)
FROM found
WHERE NOT has_table_privilege(role, oid, 'SELECT')
ORDER BY 1, 2, 3
