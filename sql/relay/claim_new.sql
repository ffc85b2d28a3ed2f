-- What the previous claim could not see, and what a back-off has made due. Settled messages are never passed over
-- again: their index entries stay until vacuum may remove them, and with an old snapshot open somewhere that may take
-- hours, so `ORDER BY id LIMIT` from the start would crawl through more of them with every claim.
-- statement_timestamp() and not clock_timestamp(): a volatile function is no index condition, and all that ever was due
-- would be walked through.
-- Only of the lanes that this relay serves; null is all of them, which takes the condition out of the plan.
-- `at` is for whoever compares the clock of the server with his own.
-- A message is new when its transaction had not ended in the snapshot of then: at or above its xmax, or among its xip.
WITH now AS (
    SELECT pg_current_snapshot() AS snapshot, extract(epoch FROM statement_timestamp())::float8 AS at
), claimed AS (
    (SELECT m.id, m.transaction, m.resource, m.key, m.via, m.operation
     FROM outbox.message AS m
     WHERE m.status = 'pending' AND m.target = %(target)s
       AND m.transaction >= pg_snapshot_xmax(%(seen)s::pg_snapshot)
       AND (m.due_at IS NULL OR m.due_at <= statement_timestamp())
       AND (%(lanes)s::integer[] IS NULL OR outbox.lane(m.resource, m.key, m.via, %(lane_count)s) = ANY (%(lanes)s::integer[]))
     ORDER BY m.transaction, m.id
     LIMIT %(limit)s)
    UNION ALL
    (SELECT m.id, m.transaction, m.resource, m.key, m.via, m.operation
     FROM outbox.message AS m
     WHERE m.status = 'pending' AND m.target = %(target)s
       AND m.transaction >= pg_snapshot_xmin(%(seen)s::pg_snapshot)  -- an index condition, which the array is not
       AND m.transaction = ANY (ARRAY(SELECT pg_snapshot_xip(%(seen)s::pg_snapshot)))
       AND (m.due_at IS NULL OR m.due_at <= statement_timestamp())
       AND (%(lanes)s::integer[] IS NULL OR outbox.lane(m.resource, m.key, m.via, %(lane_count)s) = ANY (%(lanes)s::integer[]))
     LIMIT %(limit)s)
    UNION ALL
    (SELECT m.id, m.transaction, m.resource, m.key, m.via, m.operation
     FROM outbox.message AS m
     WHERE m.status = 'pending' AND m.target = %(target)s AND m.due_at <= statement_timestamp()
       AND m.due_at > statement_timestamp() - make_interval(secs => %(due_within_s)s)
       AND (%(lanes)s::integer[] IS NULL OR outbox.lane(m.resource, m.key, m.via, %(lane_count)s) = ANY (%(lanes)s::integer[]))
     ORDER BY m.due_at
     LIMIT %(limit)s)
)
SELECT now.snapshot::text AS snapshot, now.at, c.id, c.transaction::text AS transaction, c.resource, c.key, c.via, c.operation
FROM now
LEFT JOIN claimed AS c ON true
ORDER BY c.id
