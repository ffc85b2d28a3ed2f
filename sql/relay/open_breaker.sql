-- The platform as a whole fails: all relays stop sending, one call is tried at probe_at. Where the last outage ended only
-- a minute ago, its pauses go on growing.
UPDATE outbox.target AS t
SET down_since = clock_timestamp(),
    down_why = %(why)s,
    probes = CASE WHEN t.probe_at > clock_timestamp() - interval '1 minute' THEN t.probes ELSE 0 END,
    probe_at = clock_timestamp() + make_interval(secs => least(%(cap_s)s, %(first_s)s * power(2, least(20,
        CASE WHEN t.probe_at > clock_timestamp() - interval '1 minute' THEN t.probes ELSE 0 END))))
WHERE t.target = %(target)s AND t.down_since IS NULL
