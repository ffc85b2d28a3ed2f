-- The relay that serves a target now.
SELECT l.holder
FROM outbox.lease AS l
WHERE l.target = %(target)s AND l.expires_at > clock_timestamp()
ORDER BY l.lane
LIMIT 1
