-- The relays that are alive, the oldest first, and how many lanes each serves; none: it stands by.
SELECT r.target, r.holder, r.since, count(l.lane) AS lanes
FROM outbox.relay AS r
LEFT JOIN outbox.lease AS l ON l.target = r.target AND l.holder = r.holder AND l.expires_at > clock_timestamp()
WHERE r.expires_at > clock_timestamp()
GROUP BY r.target, r.holder, r.since
ORDER BY r.target, r.since
