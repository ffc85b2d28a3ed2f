-- For some keys that are to go out: have they passed already, or are they held? And a short look at what else of their
-- kind there is, bounded, so that it costs the same whatever the backlog: a thousand pending messages are as good as
-- two hundred, since then all in sight is counted (note_in_sight).
WITH candidate AS (
    SELECT k.key FROM jsonb_to_recordset(%(keys)s) AS k (key text[])
), pending AS (
    SELECT m.resource, m.key
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.status = 'pending'
    LIMIT %(short)s + 1
), waiting AS (
    SELECT count(*) AS messages,
           count(DISTINCT p.key) FILTER (WHERE p.resource = %(resource)s) AS keys,
           coalesce(bool_or(p.resource = %(resource)s AND (p.key IS NULL OR cardinality(p.key) < %(key_length)s)), false) AS coarse
    FROM pending AS p
), lately AS (
    SELECT count(DISTINCT m.key) AS held, max(m.batch) AS batch
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status = 'held'
      AND m.settled_at > now() - interval '1 hour' AND m.withheld = %(call)s AND m.batch IS NOT NULL
)
SELECT c.key, p.key IS NOT NULL AS passed, h.error AS held_error, h.batch AS held_batch,
       l.batch,
       l.held
       + (SELECT count(*) FROM outbox.passed AS o
          WHERE o.target = %(target)s AND o.resource = %(resource)s AND o.call = %(call)s AND o.decision IS NULL
            AND o.passed_at > now() - interval '1 hour')
       + (SELECT coalesce(sum(greatest(a.found - a.shown, 0)), 0) FROM outbox.approval AS a
          WHERE a.target = %(target)s AND a.resource = %(resource)s AND a.call = %(call)s
            AND a.applied_at > now() - interval '1 hour') AS counted,
       w.messages, w.keys, w.coarse,
       EXISTS (
           SELECT FROM outbox.approval AS a
           JOIN outbox.decision AS d ON d.id = a.decision
           JOIN candidate AS k ON k.key[:cardinality(a.key)] = a.key
           WHERE a.target = %(target)s AND a.resource = %(resource)s AND a.call = %(call)s
             AND a.applied_at IS NULL AND d.decided_at > now() - interval '1 day'
       ) AS confirmed,
       (SELECT count(*) FROM (
            SELECT FROM outbox.mirror AS m WHERE m.target = %(target)s AND m.resource = %(resource)s LIMIT %(short)s + 1
        ) AS m) AS rows
FROM candidate AS c
CROSS JOIN lately AS l
CROSS JOIN waiting AS w
LEFT JOIN outbox.passed AS p
    ON p.target = %(target)s AND p.resource = %(resource)s AND p.call = %(call)s AND p.key = c.key
   AND p.passed_at > now() - CASE WHEN p.decision IS NULL THEN interval '1 hour' ELSE interval '1 day' END
LEFT JOIN LATERAL (
    SELECT m.error, m.batch
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = c.key AND m.status = 'held'
      AND m.withheld = %(call)s AND m.batch IS NOT NULL
    ORDER BY m.id DESC
    LIMIT 1
) AS h ON true
