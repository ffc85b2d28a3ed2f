-- The oldest pending messages of a target that are due, less those the relay already has in hand.
-- No row locks: the lease makes this relay the only one that delivers for the target.
SELECT m.id, m.resource, m.key, m.via, m.operation
FROM outbox.message AS m
WHERE m.status = 'pending'
  AND m.target = %(target)s
  AND (m.due_at IS NULL OR m.due_at <= clock_timestamp())
  AND m.id <> ALL (%(in_hand)s::bigint[])
ORDER BY m.id
LIMIT %(limit)s
