-- Is the target active, and does somebody send to it?
SELECT t.active_since,
       (SELECT l.holder FROM outbox.lease AS l
        WHERE l.target = t.target AND l.expires_at > clock_timestamp() ORDER BY l.lane LIMIT 1) AS relay
FROM outbox.target AS t
WHERE t.target = %(target)s
