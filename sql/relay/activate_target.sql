-- The first confirmed register: from now on the target is sent to.
UPDATE outbox.target AS t
SET active_since = coalesce(t.active_since, clock_timestamp())
WHERE t.target = %(target)s
