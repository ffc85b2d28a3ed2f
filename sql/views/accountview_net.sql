-- What AccountView.Net should hold. These views are the place to say so: copy this file and edit it for your own
-- tables, then run `outbox install`. Fixed are the names and types of the columns; a view may add none of its own.
--
-- A row here is a thing there. `missing` lists what a row still lacks (empty or null: ready): such a row is not sent,
-- and what the cloud holds of it stays. `withdrawn` marks what goes only when a person registers it.
-- No now(), current_date, random(), current_user: no trigger can see time pass.

CREATE SCHEMA IF NOT EXISTS accountview_net;
COMMENT ON SCHEMA accountview_net IS 'Desired views: what AccountView.Net should hold';


CREATE OR REPLACE VIEW accountview_net.users AS
SELECT u.code AS user_code,
       u.first_name,
       u.last_name,
       u.email,
       CASE WHEN accountview.filled(u.language) THEN u.language ELSE 'nl' END AS language,
       'NL'::text AS country_code,
       array_remove(ARRAY[
           CASE WHEN NOT accountview.filled(u.first_name) THEN 'first_name' END,
           CASE WHEN NOT accountview.filled(u.last_name) THEN 'last_name' END,
           CASE WHEN NOT accountview.filled(u.email) THEN 'email' END
       ], NULL) AS missing,
       NOT accountview.filled(u.email) AS withdrawn
FROM accountview.users AS u;
COMMENT ON VIEW accountview_net.users IS
    'Every user; he is created when first name, last name and e-mail are filled. A cleared name freezes him as he '
    'is, a cleared e-mail withdraws him: he is removed when users are registered by hand (AV-419715 1.4)';


CREATE OR REPLACE VIEW accountview_net.companies AS
SELECT c.code AS company_code,
       c.name,
       c.kvk_number,
       a.street,
       a.postal_code,
       a.city,
       CASE WHEN accountview.filled(a.country_code) THEN a.country_code ELSE 'NL' END AS country_code,
       NULL::text[] AS missing
FROM accountview.companies AS c
LEFT JOIN accountview.administrations AS a ON a.code = c.administration_code;
COMMENT ON VIEW accountview_net.companies IS
    'Every company, with the address of the administration linked to it, as far as there is one (AV-419715)';


CREATE OR REPLACE VIEW accountview_net.company_access AS
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
COMMENT ON VIEW accountview_net.company_access IS
    'User x company where the user may open the administration linked to the company: by a right of his own, by '
    'one of his groups (needs ACCESS_2), by "all administrations" on himself or on a group (a group: ACCESS_2), '
    'or because there is no ACCESS_1. One source of several is enough (AV-419715)';


-- Grants meet first and are grouped then, so that the set of roles is whole and every key comes once.
-- A group's grant of an app counts without ACCESS_2 too: that module decides what a group may open.
CREATE OR REPLACE VIEW accountview_net.app_access AS
SELECT g.user_code,
       g.company_code,
       g.app_code,
       array_agg(DISTINCT g.role ORDER BY g.role) AS roles,
       NULL::text[] AS missing
FROM (
    -- granted to himself
    SELECT o.user_code, o.company_code, x.app_code, unnest(coalesce(x.roles, ARRAY[p.default_role])) AS role
    FROM accountview_net.company_access AS o
    JOIN accountview.app_access AS x ON x.user_code = o.user_code
    JOIN accountview.apps AS p ON p.code = x.app_code
    UNION ALL
    -- granted to one of his groups
    SELECT o.user_code, o.company_code, x.app_code, unnest(coalesce(x.roles, ARRAY[p.default_role])) AS role
    FROM accountview_net.company_access AS o
    JOIN accountview.group_members AS m ON m.user_code = o.user_code
    JOIN accountview.app_access AS x ON x.group_code = m.group_code
    JOIN accountview.apps AS p ON p.code = x.app_code
) AS g
GROUP BY g.user_code, g.company_code, g.app_code;
COMMENT ON VIEW accountview_net.app_access IS
    'User x company he may open x app granted to him or to one of his groups; the roles of all these grants '
    'together, for a grant without roles the app''s default role (AV-419715)';
