-- What was refused by a cloud or ran out of attempts, in the cloud's words?
SELECT DISTINCT ON (m.target, m.resource, m.key)
       m.target,
       m.resource,
       m.key,
       m.http_status,
       m.error AS why,
       m.settled_at AS since,
       m.attempts,
       c.changed_by,
       c.source,
       m.id AS message
FROM outbox.message AS m
JOIN outbox.origin AS c ON c.message = m.id
WHERE m.status = 'dead'
ORDER BY m.target, m.resource, m.key, m.id DESC;
