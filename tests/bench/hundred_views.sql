-- A hundred tables and a hundred views, each over two of them; two desired views read these, since there are no more
-- than ten resources.
CREATE SCHEMA src;
CREATE SCHEMA visma_net;
DO $do$
DECLARE
    desired text;
BEGIN
    FOR n IN 0..99 LOOP
        EXECUTE format('CREATE TABLE src.t_%s (company int, code text, kind int, description text,'
                       ' PRIMARY KEY (company, code))', n);
        EXECUTE format('INSERT INTO src.t_%s VALUES (%s, ''c'', 1, ''d'')', n, n);
    END LOOP;
    FOR n IN 0..99 LOOP
        EXECUTE format('CREATE VIEW src.v_%s AS SELECT a.company, a.code,'
                       ' a.description || coalesce(b.description, '''') AS words, a.kind IN (1, 2) AS active'
                       ' FROM src.t_%s AS a LEFT JOIN src.t_%s AS b USING (company, code)', n, n, (n + 1) % 100);
    END LOOP;
    FOR half IN 0..1 LOOP
        SELECT string_agg(format('SELECT company, code, words, active FROM src.v_%s', n), ' UNION ALL ')
        INTO desired FROM generate_series(50 * half, 50 * half + 49) AS n;
        EXECUTE format('CREATE VIEW visma_net.%s (company_code, %s, description, active) AS %s',
                       (ARRAY['cost_centres', 'cost_types'])[half + 1],
                       (ARRAY['cost_centre_code', 'cost_type_code'])[half + 1], desired);
    END LOOP;
END
$do$;
