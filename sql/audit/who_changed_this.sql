-- Who changed this, when, and what left the building?
-- target    e.g. visma_net
-- resource  e.g. users
-- key       all key columns, e.g. {BERG}
WITH about AS (
    SELECT m.*
    FROM outbox.message AS m
    WHERE m.target = :'target' AND m.resource = :'resource' AND m.key = :'key'::text[]
)
SELECT c.changed_at,
       c.changed_by,
       c.application,
       c.operation,
       c.source,
       coalesce(a.outcome, a.status) AS became,
       t.started_at AS sent_at,
       t.method,
       t.path,
       t.http_status,
       d.document AS sent,  -- dropped after the retention time
       coalesce(t.error, a.error) AS error,
       a.id AS message
FROM about AS a
JOIN outbox.origin AS c ON c.message = a.id
-- several changes of a key go out in one delivery, which is that of the newest of them
LEFT JOIN LATERAL (
    SELECT n.id, n.document
    FROM about AS n
    WHERE n.id >= a.id
      AND (n.id = a.id OR n.outcome = a.outcome AND n.changed_at <= a.settled_at)
      AND EXISTS (SELECT FROM outbox.attempt AS x WHERE x.message_id = n.id)
    ORDER BY n.id
    LIMIT 1
) AS d ON true
-- none: nothing left the building for it
LEFT JOIN outbox.attempt AS t ON t.message_id = d.id AND (t.target, t.resource, t.key) = (a.target, a.resource, a.key)
ORDER BY c.changed_at, c.change, t.started_at, t.id;
