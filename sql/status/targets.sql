-- May each target be sent to, and who does it now?
SELECT t.target, t.active_since, t.paused_at, t.why,
       string_agg(DISTINCT l.holder, ', ') AS relay, min(l.expires_at) AS lease_until
FROM outbox.target AS t
LEFT JOIN outbox.lease AS l ON l.target = t.target AND l.expires_at > clock_timestamp()
GROUP BY t.target
ORDER BY t.target
