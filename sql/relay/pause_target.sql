UPDATE outbox.target AS t
SET paused_at = clock_timestamp(), why = %(why)s
WHERE t.target = %(target)s AND t.paused_at IS NULL
