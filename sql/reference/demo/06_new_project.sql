-- A new project
INSERT INTO accountview.projects (administration_code, code, description, start_date)
VALUES ('A100', 'P0101', 'Zonnepanelen op het dak', '2027-01-04');
