-- Is the target to be compared, and does anything of it count for nothing until it is?
SELECT t.active_since IS NOT NULL AS active, t.verify_since, clock_timestamp() AS now
FROM outbox.target AS t
WHERE t.target = %(target)s
