-- Take the lane when nobody holds it (any more). A new holder is a new epoch: the old one can settle nothing.
UPDATE outbox.lease AS l
SET holder = %(holder)s, epoch = l.epoch + 1, expires_at = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.expires_at <= clock_timestamp()
RETURNING l.epoch
