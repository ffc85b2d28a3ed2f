UPDATE outbox.lease AS l
SET expires_at = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.epoch = %(epoch)s AND l.expires_at > clock_timestamp()
RETURNING l.epoch
