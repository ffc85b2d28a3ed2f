-- Whoever holds a lane of the target has read the mirror as it was: its epoch is over, so that nothing is begun or
-- settled on that. It takes the lane again at once, and looks anew. What it had under way is in doubt, and is read back.
UPDATE outbox.lease AS l
SET epoch = l.epoch + 1, expires_at = '-infinity'
WHERE l.target = %(target)s
