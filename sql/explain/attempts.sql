-- The last calls of some messages, with what the cloud answered.
SELECT a.started_at, a.method, a.path, a.http_status, a.took_ms::float8 AS took_ms, a.error
FROM outbox.attempt AS a
WHERE a.message_id = ANY (%(ids)s::bigint[])
ORDER BY a.id DESC
LIMIT 5
