-- Which companies may one user open, and does each cloud know?
-- user  the user code, e.g. JANSEN
WITH wanted AS (
    SELECT 'accountview_net' AS target, v.user_code::text, v.company_code::text
    FROM accountview_net.company_access AS v
    UNION ALL
    SELECT 'visma_net', v.user_code::text, v.company_code::text
    FROM visma_net.company_access AS v
), held AS (
    SELECT m.target, m.key[1] AS user_code, m.key[2] AS company_code, m.in_doubt, m.confirmed_at, u.gone
    FROM outbox.mirror AS m
    LEFT JOIN outbox.mirror AS u ON u.target = m.target AND u.resource = 'users' AND u.key = m.key[1:1]
    WHERE m.resource = 'company_access'
), access AS (
    SELECT target, user_code, company_code,
           CASE WHEN h.in_doubt IS NOT NULL THEN 'in doubt'
                WHEN h.user_code IS NULL THEN 'to be granted'
                WHEN h.gone THEN 'the user is gone from the cloud'
                WHEN w.user_code IS NULL THEN 'to be revoked'
                ELSE 'granted' END AS state,
           h.confirmed_at
    FROM wanted AS w
    FULL JOIN held AS h USING (target, user_code, company_code)
    WHERE user_code = :'user'
)
SELECT a.company_code,
       c.name AS company,
       a.target,
       a.state,
       a.confirmed_at,
       last.error AS why
FROM access AS a
LEFT JOIN accountview_net.companies AS c ON c.company_code::text = a.company_code
-- why it is not (yet) as wanted: the last word about this key
LEFT JOIN LATERAL (
    SELECT m.error
    FROM outbox.message AS m
    WHERE m.target = a.target AND m.resource = 'company_access' AND m.key = ARRAY[a.user_code, a.company_code]
    ORDER BY m.id DESC
    LIMIT 1
) AS last ON a.state <> 'granted'
ORDER BY a.company_code, a.target;
