-- The columns of the relations, in order: names as they are written in SQL, types down to what a domain is made of,
-- whether two equal values may look different, and by which operator they are equal (a type of an extension brings its
-- own, which the pinned search_path would not find). parts: labels of an enum, attributes of a composite type, however
-- deep in domains, arrays, ranges and attributes; expression: of a generated column. These two change values without any
-- row being written.
WITH RECURSIVE domain AS (
    SELECT t.oid, t.oid AS base FROM pg_type AS t
    WHERE t.oid IN (SELECT atttypid FROM pg_attribute WHERE attrelid = ANY (%(relations)s) AND attnum > 0)
    UNION ALL
    SELECT d.oid, t.typbasetype FROM domain AS d JOIN pg_type AS t ON t.oid = d.base WHERE t.typtype = 'd'
), base AS (
    SELECT d.oid, t.oid AS base, nullif(t.typelem, 0) AS element, t.typtype, t.typname, n.nspname,
           (SELECT format('OPERATOR(%%I.%%s)', opn.nspname, o.oprname)
            FROM pg_opclass AS c
            JOIN pg_amop AS m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                             AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
            JOIN pg_operator AS o ON o.oid = m.amopopr
            JOIN pg_namespace AS opn ON opn.oid = o.oprnamespace AND opn.nspname <> 'pg_catalog'
            WHERE c.opcintype = t.oid AND c.opcdefault AND c.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree'))
               AS equals
    FROM domain AS d
    JOIN pg_type AS t ON t.oid = d.base AND t.typtype <> 'd'
    JOIN pg_namespace AS n ON n.oid = t.typnamespace
), within AS (
    SELECT d.oid, d.oid AS part FROM domain AS d
    UNION
    SELECT w.oid, p.part
    FROM within AS w
    JOIN pg_type AS t ON t.oid = w.part
    CROSS JOIN LATERAL (
        SELECT unnest(ARRAY[t.typelem, t.typbasetype])
        UNION ALL
        SELECT r.rngsubtype FROM pg_range AS r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        UNION ALL
        SELECT f.atttypid FROM pg_attribute AS f WHERE f.attrelid = t.typrelid AND f.attnum > 0
    ) AS p (part)
    WHERE p.part <> 0
), parts AS (
    SELECT w.oid, md5(string_agg(p.part, ', ' ORDER BY format_type(w.part, NULL), p.place)) AS digest
    FROM within AS w
    CROSS JOIN LATERAL (
        SELECT e.enumlabel, e.enumsortorder FROM pg_enum AS e WHERE e.enumtypid = w.part
        UNION ALL
        SELECT format('%%I %%s', f.attname, format_type(f.atttypid, f.atttypmod)), f.attnum
        FROM pg_type AS t
        JOIN pg_attribute AS f ON f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped
        WHERE t.oid = w.part
    ) AS p (part, place)
    GROUP BY w.oid
)
SELECT a.attrelid AS relation,
       a.attnum AS number,
       a.attname AS name,
       quote_ident(a.attname) AS sql,
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN b.nspname = 'pg_catalog' THEN b.typname ELSE format_type(b.base, NULL) END AS base,
       b.typtype AS category,
       coalesce(b.equals, '=') AS equals,
       coalesce(k.collisdeterministic, true) AS deterministic,
       CASE WHEN k.collname <> 'default' THEN format('%%I.%%I', kn.nspname, k.collname) END AS collation,
       a.attnotnull AS not_null,
       a.attgenerated = 'v' AS virtual,
       parts.digest AS parts,
       (SELECT md5(g.adbin::text) FROM pg_attrdef AS g
        WHERE a.attgenerated <> '' AND g.adrelid = a.attrelid AND g.adnum = a.attnum) AS expression,
       ARRAY(SELECT d.refobjsubid FROM pg_depend AS d
             WHERE a.attgenerated <> '' AND d.classid = 'pg_attrdef'::regclass
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid <> a.attnum
               AND d.objid = (SELECT oid FROM pg_attrdef WHERE adrelid = a.attrelid AND adnum = a.attnum)
             ORDER BY 1) AS made_of
FROM pg_attribute AS a
JOIN base AS b ON b.oid = a.atttypid
LEFT JOIN parts ON parts.oid = a.atttypid
LEFT JOIN pg_collation AS k ON k.oid = a.attcollation
LEFT JOIN pg_namespace AS kn ON kn.oid = k.collnamespace
WHERE a.attrelid = ANY (%(relations)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
