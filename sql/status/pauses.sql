-- What is not sent to now, and why: paused (a person decides), down (the breaker), told to wait (Retry-After), used up
-- (the calls that the cloud allows). An empty resource or company means all of them.
SELECT t.target, '' AS resource, '' AS company, 'paused' AS kind, t.paused_at AS since, NULL::timestamptz AS until, t.why
FROM outbox.target AS t
WHERE t.paused_at IS NOT NULL
UNION ALL
SELECT p.target, p.resource, p.company, 'paused', p.paused_at, NULL, p.why
FROM outbox.pause AS p
UNION ALL
SELECT t.target, '', '', 'down', t.down_since, t.probe_at, t.down_why
FROM outbox.target AS t
WHERE t.down_since IS NOT NULL
UNION ALL
SELECT r.target, '', r.company, 'told to wait', NULL, r.not_before, 'the cloud asked for it (Retry-After)'
FROM outbox.rate AS r
WHERE r.not_before > clock_timestamp()
UNION ALL
SELECT r.target, '', r.company, 'used up', NULL, r.resets_at, format('the cloud allows %s calls a window', r.capacity)
FROM outbox.rate AS r
WHERE r.remaining = 0 AND r.resets_at > clock_timestamp()
ORDER BY 1, 4, 2, 3
