-- How long the last calls took, and what the target said last about its limits (null: it said nothing).
SELECT (SELECT avg(a.took_ms)::float8 / 1000
        FROM (SELECT a.took_ms FROM outbox.attempt AS a WHERE a.target = %(target)s ORDER BY a.id DESC LIMIT 500) AS a) AS call_s,
       (SELECT sum(r.remaining) FROM outbox.rate AS r WHERE r.target = %(target)s AND r.resets_at > clock_timestamp()) AS remaining,
       (SELECT extract(epoch FROM max(greatest(r.resets_at, r.not_before)) - clock_timestamp())::float8
        FROM outbox.rate AS r WHERE r.target = %(target)s) AS resets_s
