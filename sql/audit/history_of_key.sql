-- What happened to one key, in order of time?
-- target    e.g. visma_net
-- resource  e.g. projects
-- key       all key columns, e.g. {001,P0001}
-- (Changes, calls, outcomes and decisions.)
WITH RECURSIVE wanted AS (
    SELECT :'target'::text AS target, :'resource'::text AS resource, :'key'::text[] AS key
), chain AS (
    -- messages about the key or a prefix of it, and back to the change that they were expanded from
    SELECT m.id, m.cause
    FROM wanted AS w
    JOIN outbox.message AS m
      ON m.target = w.target AND m.resource = w.resource AND m.key = w.key[1 : cardinality(m.key)]
    UNION
    SELECT m.id, m.cause
    FROM chain AS c
    JOIN outbox.message AS m ON m.id = c.cause
), about AS (
    SELECT m.* FROM outbox.message AS m WHERE m.id IN (SELECT c.id FROM chain AS c)
), event AS (
    SELECT a.changed_at AS at, a.id, a.operation AS event, a.changed_by AS who,
           concat_ws(', ', a.source, a.resource || ' ' || coalesce(a.key::text, a.via::text), 'from message ' || a.cause)
               AS what,
           NULL::integer AS http_status, NULL::text AS error
    FROM about AS a
    UNION ALL
    SELECT a.settled_at, a.id, coalesce(a.outcome, a.status), NULL, a.document::text, a.http_status, a.error
    FROM about AS a
    WHERE a.settled_at IS NOT NULL
    UNION ALL
    SELECT t.started_at, t.message_id, 'call', NULL,
           format('%s %s in %s ms', t.method, t.path, round(t.took_ms)), t.http_status, t.error
    FROM wanted AS w
    JOIN outbox.attempt AS t USING (target, resource, key)
    UNION ALL
    SELECT d.decided_at, d.message_id, d.decision, d.decided_by, d.why, NULL, NULL
    FROM outbox.decision AS d
    WHERE d.message_id IN (SELECT a.id FROM about AS a)
       OR (d.target, d.resource, d.key) IN (SELECT w.target, w.resource, w.key FROM wanted AS w)
)
SELECT e.at, e.id AS message, e.event, e.who, e.what, e.http_status, e.error
FROM event AS e
ORDER BY e.at, e.id;
