-- Which apps has one group, by which grant, and who gets them by it?
-- group  the group code, e.g. KANTOOR
-- (Reads the source tables, for the row that grants: edit it with your views.)
SELECT x.app_code,
       p.name AS app,
       p.vendor,
       coalesce(x.roles, ARRAY[p.default_role]) AS roles,
       ARRAY(SELECT m.user_code FROM accountview.group_members AS m
             WHERE m.group_code = x.group_code ORDER BY 1) AS members,
       x.id AS app_access_id
FROM accountview.app_access AS x
JOIN accountview.apps AS p ON p.code = x.app_code
WHERE x.group_code = :'group'
ORDER BY x.app_code;
