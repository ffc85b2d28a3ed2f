-- A clean stop hands the lane over at once.
UPDATE outbox.lease AS l
SET expires_at = '-infinity'
WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.epoch = %(epoch)s
