-- So many projects, dealt out to the companies; the description is a number that grows.
INSERT INTO accountview.projects (administration_code, code, description, start_date)
SELECT 'A' || to_char(n %% %(companies)s + 1, 'FM000'), 'P' || n, n::text, '2026-01-01'
FROM generate_series(1, %(rows)s) AS n;
