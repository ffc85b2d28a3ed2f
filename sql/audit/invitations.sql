-- Who was invited by which cloud, when, and on whose change?
-- (A new user gets an activation mail.)
SELECT a.started_at AS invited_at,
       a.target,
       a.key[1] AS user_code,
       CASE WHEN a.http_status BETWEEN 200 AND 299 THEN 'yes'
            WHEN a.error LIKE 'found afterwards%' THEN 'perhaps: found afterwards' ELSE 'perhaps: no clear answer' END AS mailed,
       a.http_status,
       m.document ->> 'email' AS email,  -- dropped after the retention time
       c.changed_by,
       c.operation,
       c.source,
       a.message_id AS message
FROM outbox.attempt AS a
LEFT JOIN outbox.message AS m ON m.id = a.message_id
LEFT JOIN outbox.origin AS c ON c.message = a.message_id
WHERE a.resource = 'users'
  AND a.method = 'POST'
  AND a.path ~ '/users$'
  AND (a.http_status IS NULL OR a.http_status BETWEEN 200 AND 299 OR a.http_status >= 500)
ORDER BY a.started_at DESC, a.id DESC;
