INSERT INTO accountview.cost_centres (administration_code, code, description)
SELECT 'A001', to_char(n, 'FM00000'), 'Kostenplaats ' || n FROM generate_series(1, %(count)s) AS n;
