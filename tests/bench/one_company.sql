INSERT INTO accountview.licence_modules
VALUES ('ACCESS_1'), ('ACCESS_2'), ('APPROVAL'), ('AUTOREPORT'), ('PROJECTS'), ('COST_TYPES'), ('COST_CENTRES');
INSERT INTO accountview.administrations (code, name, street, postal_code, city)
VALUES ('A001', 'Bakkerij De Korenaar', 'Dam 1', '1012 AB', 'Amsterdam');
INSERT INTO accountview.companies VALUES ('001', 'Bakkerij De Korenaar', '12345678', 'A001');
