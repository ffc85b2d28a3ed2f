-- What is not done about a key: its own messages, and those of a prefix of it; each with the change that it was expanded
-- from, however many steps ago.
SELECT m.id, m.status, c.operation, c.source, c.changed_at, c.changed_by, m.attempts, m.due_at, m.http_status, m.error,
       m.withheld, m.batch
FROM outbox.message AS m
JOIN outbox.origin AS c ON c.message = m.id
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status <> 'done'
  AND m.key IN (SELECT (%(key)s::text[])[1 : n] FROM generate_series(0, cardinality(%(key)s::text[])) AS n)
ORDER BY m.id
