-- Which apps has one user, by which grant, and in which companies?
-- user  the user code, e.g. DIJK
-- (Reads the source tables, for the row that grants: edit it with your views.)
WITH granted AS (
    SELECT x.id, x.app_code, x.roles, 'himself' AS granted_to
    FROM accountview.app_access AS x
    WHERE x.user_code = :'user'
    UNION ALL
    SELECT x.id, x.app_code, x.roles, 'group ' || g.code || ' (' || g.name || ')'
    FROM accountview.group_members AS m
    JOIN accountview.user_groups AS g ON g.code = m.group_code
    JOIN accountview.app_access AS x ON x.group_code = g.code
    WHERE m.user_code = :'user'
)
SELECT g.app_code,
       p.name AS app,
       p.vendor,
       g.granted_to,
       coalesce(g.roles, ARRAY[p.default_role]) AS roles,
       -- none: the app is granted, but he may open no company
       ARRAY(SELECT v.company_code FROM accountview_net.app_access AS v
             WHERE v.user_code = :'user' AND v.app_code = g.app_code ORDER BY 1) AS companies,
       g.id AS app_access_id
FROM granted AS g
JOIN accountview.apps AS p ON p.code = g.app_code
ORDER BY g.app_code, g.granted_to;
