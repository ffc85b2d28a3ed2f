-- Of all relays one makes the next single call; whatever becomes of it (or of the relay), the one after it is later.
UPDATE outbox.target AS t
SET probes = t.probes + 1,
    probe_at = clock_timestamp() + make_interval(secs => least(%(cap_s)s, %(first_s)s * power(2, least(20, t.probes + 1))))
WHERE t.target = %(target)s AND t.down_since IS NOT NULL AND t.probe_at <= clock_timestamp()
RETURNING t.probes
