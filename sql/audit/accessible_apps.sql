-- Which apps may each user use, where, in which roles; does the cloud know?
WITH held AS (
    SELECT m.key[1] AS user_code, m.key[2] AS company_code, m.key[3] AS app_code, m.in_doubt,
           m.document -> 'roles' AS roles, u.gone
    FROM outbox.mirror AS m
    LEFT JOIN outbox.mirror AS u ON u.target = m.target AND u.resource = 'users' AND u.key = m.key[1:1]
    WHERE m.target = 'accountview_net' AND m.resource = 'app_access'
), access AS (
    SELECT coalesce(v.user_code::text, h.user_code) AS user_code,
           coalesce(v.company_code::text, h.company_code) AS company_code,
           coalesce(v.app_code::text, h.app_code) AS app_code,
           v.roles,
           CASE WHEN h.in_doubt IS NOT NULL THEN 'in doubt'
                WHEN h.user_code IS NULL THEN 'to be granted'
                WHEN h.gone THEN 'the user is gone from the cloud'
                WHEN v.user_code IS NULL THEN 'to be revoked'
                WHEN h.roles IS DISTINCT FROM to_jsonb(v.roles) THEN 'other roles: ' || coalesce(h.roles::text, 'unknown')
                ELSE 'granted' END AS state
    FROM accountview_net.app_access AS v
    FULL JOIN held AS h ON h.user_code = v.user_code::text
                       AND h.company_code = v.company_code::text
                       AND h.app_code = v.app_code::text
)
SELECT a.user_code,
       concat_ws(' ', u.first_name, u.last_name) AS name,
       a.company_code,
       c.name AS company,
       a.app_code,
       p.name AS app,
       p.vendor,
       a.roles,
       a.state
FROM access AS a
LEFT JOIN accountview_net.users AS u ON u.user_code::text = a.user_code
LEFT JOIN accountview_net.companies AS c ON c.company_code::text = a.company_code
LEFT JOIN outbox.application AS p ON p.target = 'accountview_net' AND p.app_code = a.app_code
ORDER BY a.user_code, a.company_code, a.app_code;
