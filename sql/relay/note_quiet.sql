-- A Retry-After, for all relays and across restarts.
INSERT INTO outbox.rate AS r (target, company, not_before)
VALUES (%(target)s, %(company)s, clock_timestamp() + make_interval(secs => %(quiet_s)s))
ON CONFLICT (target, company) DO UPDATE
SET not_before = greatest(r.not_before, excluded.not_before)
