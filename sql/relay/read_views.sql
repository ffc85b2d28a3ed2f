-- The desired views of a target as the relay uses them: columns in order, with their types.
SELECT c.relname AS resource, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = %(target)s AND c.relkind = 'v'
ORDER BY c.relname, a.attnum
