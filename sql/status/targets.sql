-- May each target be sent to, and who does it now?
SELECT t.target, t.active_since, t.paused_at, t.why, l.holder AS relay, l.expires_at AS lease_until
FROM outbox.target AS t
LEFT JOIN outbox.lease AS l ON l.target = t.target AND l.expires_at > clock_timestamp()
ORDER BY t.target, l.lane
