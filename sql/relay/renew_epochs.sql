-- A connection was lost, and what was said on it may still be carried out: a server that hung wakes up, and settles what
-- was settled again meanwhile, over what came after it. So what this relay has it has in another epoch from here on.
WITH mine AS (
    SELECT l.lane
    FROM unnest(%(held)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    JOIN outbox.lease AS l USING (lane, epoch)
    WHERE l.target = %(target)s AND l.expires_at > clock_timestamp()
    ORDER BY l.lane
    FOR NO KEY UPDATE OF l
)
UPDATE outbox.lease AS l
SET epoch = l.epoch + 1
FROM mine AS m
WHERE l.target = %(target)s AND l.lane = m.lane
RETURNING l.lane, l.epoch
