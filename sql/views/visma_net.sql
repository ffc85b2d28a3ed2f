-- What Visma.net should hold. These views are the place to say so: copy this file and edit it for your own tables, then
-- run `outbox install`. Fixed are the names and types of the columns; a view may add none of its own.
--
-- A row here is a thing there. `missing` lists what a row still lacks (empty or null: ready): such a row is not sent,
-- and what the cloud holds of it stays; so a licence that lapses deletes nothing, and what changed meanwhile follows
-- when it is back. `withdrawn` marks what goes only when a person registers it.
-- No now(), current_date, random(), current_user: no trigger can see time pass.

CREATE SCHEMA IF NOT EXISTS visma_net;
COMMENT ON SCHEMA visma_net IS 'Desired views: what Visma.net should hold';


CREATE OR REPLACE VIEW visma_net.users AS
SELECT u.code AS user_code,
       u.first_name,
       u.last_name,
       u.email,
       CASE WHEN accountview.filled(u.language) THEN u.language ELSE 'nl' END AS language,
       'NL'::text AS country_code,
       array_remove(ARRAY[
           CASE WHEN NOT accountview.filled(u.first_name) THEN 'first_name' END,
           CASE WHEN NOT accountview.filled(u.last_name) THEN 'last_name' END,
           CASE WHEN NOT accountview.filled(u.email) THEN 'email' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l
                                 WHERE l.module IN ('APPROVAL', 'AUTOREPORT'))
                THEN 'licence APPROVAL or AUTOREPORT' END
       ], NULL) AS missing,
       NOT accountview.filled(u.email) AS withdrawn
FROM accountview.users AS u;
COMMENT ON VIEW visma_net.users IS
    'Every user; he is created when first name, last name and e-mail are filled and APPROVAL or AUTOREPORT is '
    'licensed. A cleared name freezes him as he is, a cleared e-mail withdraws him: he is removed when users are '
    'registered by hand (AV-419715 1.4)';


CREATE OR REPLACE VIEW visma_net.companies AS
SELECT c.code AS company_code,
       c.name,
       c.kvk_number,
       a.street,
       a.postal_code,
       a.city,
       a.country_code,
       array_remove(ARRAY[
           CASE WHEN NOT accountview.filled(c.kvk_number) THEN 'kvk_number' END,
           CASE WHEN NOT accountview.filled(a.street) THEN 'street' END,
           CASE WHEN NOT accountview.filled(a.postal_code) THEN 'postal_code' END,
           CASE WHEN NOT accountview.filled(a.city) THEN 'city' END,
           CASE WHEN NOT accountview.filled(a.country_code) THEN 'country_code' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l
                                 WHERE l.module IN ('APPROVAL', 'AUTOREPORT'))
                THEN 'licence APPROVAL or AUTOREPORT' END
       ], NULL) AS missing
FROM accountview.companies AS c
LEFT JOIN accountview.administrations AS a ON a.code = c.administration_code;
COMMENT ON VIEW visma_net.companies IS
    'Every company; it is created when its KVK number and the address of the administration linked to it are '
    'filled (no administration: no address) and APPROVAL or AUTOREPORT is licensed. What is cleared later freezes '
    'the company and nothing else (AV-419715)';


CREATE OR REPLACE VIEW visma_net.company_access AS
-- a right of his own
SELECT r.user_code,
       c.code AS company_code,
       NULL::text[] AS missing
FROM accountview.administration_access AS r
JOIN accountview.companies AS c ON c.administration_code = r.administration_code
WHERE r.user_code IS NOT NULL
UNION
-- a right of one of his groups
SELECT m.user_code, c.code, NULL
FROM accountview.group_members AS m
JOIN accountview.administration_access AS r ON r.group_code = m.group_code
JOIN accountview.companies AS c ON c.administration_code = r.administration_code
WHERE EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'ACCESS_2')
UNION
-- all administrations, for him
SELECT u.code, c.code, NULL
FROM accountview.users AS u
CROSS JOIN accountview.companies AS c
WHERE u.all_administrations
  AND c.administration_code IS NOT NULL
UNION
-- all administrations, for one of his groups
SELECT m.user_code, c.code, NULL
FROM accountview.group_members AS m
JOIN accountview.user_groups AS g ON g.code = m.group_code
CROSS JOIN accountview.companies AS c
WHERE g.all_administrations
  AND c.administration_code IS NOT NULL
  AND EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'ACCESS_2')
UNION
-- everybody everywhere, where rights per administration are not licensed
SELECT u.code, c.code, NULL
FROM accountview.users AS u
CROSS JOIN accountview.companies AS c
WHERE c.administration_code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'ACCESS_1');
COMMENT ON VIEW visma_net.company_access IS
    'User x company where the user may open the administration linked to the company: by a right of his own, by '
    'one of his groups (needs ACCESS_2), by "all administrations" on himself or on a group (a group: ACCESS_2), '
    'or because there is no ACCESS_1. One source of several is enough. Roles inside Approval and AutoReport are '
    'given in Visma.net Admin (AV-419715)';


CREATE OR REPLACE VIEW visma_net.projects AS
SELECT c.code AS company_code,
       p.code AS project_code,
       p.description,
       p.start_date,
       p.end_date,
       p.status,
       NULL::text AS template,
       array_remove(ARRAY[
           CASE WHEN NOT accountview.filled(p.description) THEN 'description' END,
           CASE WHEN p.start_date IS NULL THEN 'start_date' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'APPROVAL')
                THEN 'licence APPROVAL' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'PROJECTS')
                THEN 'licence PROJECTS' END
       ], NULL) AS missing
FROM accountview.companies AS c
JOIN accountview.projects AS p ON p.administration_code = c.administration_code;
COMMENT ON VIEW visma_net.projects IS
    'The projects of the administrations linked to companies; they need a description, a start date, APPROVAL and '
    'PROJECTS. Template null: the setting of the company decides (AV-419715)';


CREATE OR REPLACE VIEW visma_net.cost_types AS
SELECT c.code AS company_code,
       s.code AS cost_type_code,
       s.description,
       s.active,
       array_remove(ARRAY[
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'APPROVAL')
                THEN 'licence APPROVAL' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'COST_TYPES')
                THEN 'licence COST_TYPES' END
       ], NULL) AS missing
FROM accountview.companies AS c
JOIN accountview.cost_types AS s ON s.administration_code = c.administration_code;
COMMENT ON VIEW visma_net.cost_types IS
    'The cost types of the administrations linked to companies; they need APPROVAL and COST_TYPES (AV-419715)';


CREATE OR REPLACE VIEW visma_net.cost_centres AS
SELECT c.code AS company_code,
       s.code AS cost_centre_code,
       s.description,
       s.active,
       array_remove(ARRAY[
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'APPROVAL')
                THEN 'licence APPROVAL' END,
           CASE WHEN NOT EXISTS (SELECT 1 FROM accountview.licence_modules AS l WHERE l.module = 'COST_CENTRES')
                THEN 'licence COST_CENTRES' END
       ], NULL) AS missing
FROM accountview.companies AS c
JOIN accountview.cost_centres AS s ON s.administration_code = c.administration_code;
COMMENT ON VIEW visma_net.cost_centres IS
    'The cost centres of the administrations linked to companies; they need APPROVAL and COST_CENTRES (AV-419715)';
