-- Hand lanes over at once; who waits for them is told.
WITH released AS (
    UPDATE outbox.lease AS l
    SET expires_at = '-infinity'
    FROM unnest(%(lanes)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    WHERE l.target = %(target)s AND l.lane = h.lane AND l.epoch = h.epoch
    RETURNING l.lane
)
SELECT pg_notify('outbox_lanes', '') FROM released LIMIT 1
