-- The columns of the primary keys, in order, with the operator that makes them unique (a type of an extension brings
-- its own, which the pinned search_path would not find).
WITH found AS (
    SELECT i.indrelid AS relation,
           a.attname AS column,
           CASE WHEN n.nspname = 'pg_catalog' THEN o.oprname ELSE format('OPERATOR(%%I.%%s)', n.nspname, o.oprname) END
               AS operator,
           k.place,
           -- There is no FULL JOIN on others.
           bool_and(o.oprcanmerge OR o.oprcanhash) OVER (PARTITION BY i.indrelid) AS joins
    FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey, i.indclass) WITH ORDINALITY AS k (attnum, opclass, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    JOIN pg_opclass AS c ON c.oid = k.opclass
    JOIN pg_amop AS m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                     AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
    JOIN pg_operator AS o ON o.oid = m.amopopr
    JOIN pg_namespace AS n ON n.oid = o.oprnamespace
    JOIN pg_class AS t ON t.oid = i.indrelid
    WHERE i.indrelid = ANY (%(relations)s) AND i.indisprimary AND i.indisvalid AND k.place <= i.indnkeyatts
      -- WITHOUT OVERLAPS tells rows apart by more than equality, which no FULL JOIN goes by.
      AND NOT i.indisexclusion
      -- A statement on a table reaches the rows of its heirs, and one on what a table belongs to those of its siblings,
      -- for which its key does not count; that of a partitioned table counts for all its parts.
      AND NOT EXISTS (SELECT FROM pg_inherits AS h
                      WHERE h.inhrelid = i.indrelid OR (h.inhparent = i.indrelid AND t.relkind = 'r'))
)
SELECT f.relation, f.column, f.operator FROM found AS f WHERE f.joins ORDER BY f.relation, f.place
