-- Users whose create no relay lived to record, and who were found: that call left the building, and a mail with it, unless
-- the relay died before it and they were there already. Not where its answer was lost: such a call is recorded, and the
-- doubt counts from a moment after it.
INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, error)
SELECT f.message_id, %(target)s, 'users', f.key, b.begun_at, 0, 'POST', '/users', 'found afterwards: no relay lived to record whether this call left'
FROM jsonb_to_recordset(%(found)s) AS f (message_id bigint, key text[], in_doubt_s float8)
CROSS JOIN LATERAL (SELECT clock_timestamp() - make_interval(secs => f.in_doubt_s) AS begun_at) AS b
WHERE NOT EXISTS (
    SELECT FROM outbox.attempt AS a
    WHERE a.target = %(target)s AND a.resource = 'users' AND a.key = f.key AND a.method = 'POST'
      AND coalesce(a.http_status, 0) NOT BETWEEN 200 AND 299 AND a.started_at > b.begun_at - interval '5 minutes')
