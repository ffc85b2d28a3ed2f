-- On disk before it is said to be done, and with it all that was erased before.
UPDATE outbox.decision AS d
SET why = %(why)s
FROM set_config('synchronous_commit', 'on', true)
WHERE d.id = %(id)s
