-- Does anything of the target count for nothing until it is compared?
SELECT t.verify_since, clock_timestamp() AS now
FROM outbox.target AS t
WHERE t.target = %(target)s
