-- What is held until a person decides, and why?
SELECT DISTINCT ON (m.target, m.resource, m.key)
       m.target,
       m.resource,
       m.key,
       m.error AS why,
       m.settled_at AS since,
       c.operation,
       c.source,
       c.changed_at,
       c.changed_by,
       m.id AS message
FROM outbox.message AS m
JOIN outbox.origin AS c ON c.message = m.id
WHERE m.status = 'held'
ORDER BY m.target, m.resource, m.key, m.id DESC;
