-- Take the lane when nobody holds it (any more). A new holder is a new epoch: the old one can settle nothing.
-- The flag of one that died asleep goes with it: else every writer would ring for nobody, for ever.
WITH before AS (
    SELECT l.holder FROM outbox.lease AS l WHERE l.target = %(target)s AND l.lane = %(lane)s
), taken AS (
    UPDATE outbox.lease AS l
    SET holder = %(holder)s, epoch = l.epoch + 1, expires_at = clock_timestamp() + make_interval(secs => %(lease_s)s)
    WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.expires_at <= clock_timestamp()
    RETURNING l.epoch
), silenced AS (
    DELETE FROM outbox.bell AS b USING before WHERE b.holder = before.holder AND EXISTS (SELECT FROM taken)
)
SELECT taken.epoch FROM taken
