-- A backlog, page by page in the order of its transactions: after a start, or when more is new than one claim takes.
WITH now AS (
    SELECT pg_current_snapshot() AS snapshot
), claimed AS (
    SELECT m.id, m.transaction, m.resource, m.key, m.via, m.operation
    FROM outbox.message AS m
    WHERE m.status = 'pending' AND m.target = %(target)s
      AND (m.transaction, m.id) > (%(after_transaction)s::text::xid8, %(after_id)s::bigint)
      AND (m.due_at IS NULL OR m.due_at <= clock_timestamp())
      AND (%(lanes)s::integer[] IS NULL OR outbox.lane(m.resource, m.key, m.via, %(lane_count)s) = ANY (%(lanes)s::integer[]))
    ORDER BY m.transaction, m.id
    LIMIT %(limit)s
)
SELECT now.snapshot::text AS snapshot, c.id, c.transaction::text AS transaction, c.resource, c.key, c.via, c.operation
FROM now
LEFT JOIN claimed AS c ON true
ORDER BY c.transaction, c.id
