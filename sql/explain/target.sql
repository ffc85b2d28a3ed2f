-- Is the target active, does somebody send to it, and is this outbox the one that may?
SELECT t.active_since, outbox.is_home() AS home,
       (SELECT l.holder FROM outbox.lease AS l
        WHERE l.target = t.target AND l.expires_at > clock_timestamp() ORDER BY l.lane LIMIT 1) AS relay
FROM outbox.target AS t
WHERE t.target = %(target)s
