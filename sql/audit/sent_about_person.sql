-- What left for which cloud about one person, when, and on whose change?
-- user  the user code, e.g. BAKKER; where it was changed, ask for the old one too
SELECT a.started_at AS sent_at,
       a.target,
       a.resource,
       a.key,
       a.method,
       a.path,
       a.http_status,
       m.outcome,
       m.document,  -- dropped after the retention time
       c.changed_by,
       c.operation,
       c.source,
       coalesce(a.error, m.error) AS error,
       a.message_id AS message
FROM outbox.attempt AS a
LEFT JOIN outbox.message AS m ON m.id = a.message_id
LEFT JOIN outbox.origin AS c ON c.message = a.message_id
WHERE a.resource IN ('users', 'company_access', 'app_access')
  AND a.key[1] = :'user'
ORDER BY a.started_at, a.id;
