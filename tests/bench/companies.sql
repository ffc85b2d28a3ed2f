-- All licences, and so many companies.
INSERT INTO accountview.licence_modules
VALUES ('ACCESS_1'), ('ACCESS_2'), ('APPROVAL'), ('AUTOREPORT'), ('PROJECTS'), ('COST_TYPES'), ('COST_CENTRES');
INSERT INTO accountview.administrations (code, name, street, postal_code, city)
SELECT 'A' || to_char(n, 'FM000'), 'Bakkerij De Korenaar', 'Dam ' || n, '1012 AB', 'Amsterdam'
FROM generate_series(1, %(companies)s) AS n;
INSERT INTO accountview.companies (code, name, kvk_number, administration_code)
SELECT to_char(n, 'FM000'), 'Bakkerij De Korenaar', '12345678', 'A' || to_char(n, 'FM000')
FROM generate_series(1, %(companies)s) AS n;
