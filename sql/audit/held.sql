-- What is held until a person decides, and why?
SELECT DISTINCT ON (m.target, m.resource, m.key)
       m.target,
       m.resource,
       m.key,
       m.error AS why,
       m.settled_at AS since,
       m.operation,
       m.source,
       m.changed_at,
       m.changed_by,
       m.id AS message
FROM outbox.message AS m
WHERE m.status = 'held'
ORDER BY m.target, m.resource, m.key, m.id DESC;
