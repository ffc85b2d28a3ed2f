-- Who changed this, when, and what left the building?
-- target    e.g. visma_net
-- resource  e.g. users
-- key       all key columns, e.g. {BERG}
WITH RECURSIVE wanted AS (
    SELECT :'target'::text AS target, :'resource'::text AS resource, :'key'::text[] AS key
), about AS (
    SELECT m.*
    FROM wanted AS w
    JOIN outbox.message AS m USING (target, resource, key)
), step AS (
    SELECT a.id AS message, a.id, a.cause
    FROM about AS a
    UNION ALL
    SELECT s.message, m.id, m.cause
    FROM step AS s
    JOIN outbox.message AS m ON m.id = s.cause
), origin AS (
    -- a cause is older than what was expanded from it
    SELECT s.message, min(s.id) AS change
    FROM step AS s
    GROUP BY s.message
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
JOIN origin AS o ON o.message = a.id
JOIN outbox.message AS c ON c.id = o.change
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
ORDER BY c.changed_at, c.id, t.started_at, t.id;
