-- What is not done about a key: its own messages, and those of a prefix of it.
SELECT m.id, m.status, m.operation, m.source, m.changed_at, m.changed_by, m.attempts, m.due_at, m.http_status, m.error,
       m.withheld, m.batch
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status <> 'done'
  AND m.key IN (SELECT (%(key)s::text[])[1 : n] FROM generate_series(0, cardinality(%(key)s::text[])) AS n)
ORDER BY m.id
