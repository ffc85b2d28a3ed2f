-- The coarse messages are done: what lies below them has messages of its own, in the same transaction.
UPDATE outbox.message AS m
SET status = 'done', outcome = 'expanded', settled_at = clock_timestamp()
WHERE m.id = ANY (%(ids)s::bigint[]) AND m.status = 'pending'
