-- Which twenty messages wait longest, and what happened to them so far?
SELECT m.id,
       m.target,
       m.resource,
       m.key,
       m.via,
       m.operation,
       m.source,
       m.changed_at,
       m.changed_by,
       date_trunc('second', now() - m.changed_at) AS waits,
       (SELECT coalesce(sum(o.attempts), m.attempts)  -- with a newer one of its key it went out as well
        FROM outbox.message AS o
        WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status = 'pending'
          AND o.id >= m.id) AS attempts,
       m.due_at AS not_before,
       m.http_status,
       m.error
FROM outbox.message AS m
WHERE m.status = 'pending'
ORDER BY m.changed_at, m.id
LIMIT 20;
