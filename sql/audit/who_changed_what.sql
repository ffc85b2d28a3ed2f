-- Who changed what of late, and what became of it?
-- (The newest 200 messages: a change has one for every resource that it may touch.)
WITH RECURSIVE change AS (
    SELECT m.id, m.status, m.outcome, m.target, m.resource, m.key, m.via, m.operation, m.source, m.changed_at,
           m.changed_by, m.application
    FROM outbox.message AS m
    WHERE m.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    ORDER BY m.id DESC
    LIMIT 200
), below AS (
    -- what was expanded from it; `id >` keeps the search to the end of the table, `cause` has no index
    SELECT c.id AS change, c.id, c.status, c.outcome
    FROM change AS c
    UNION ALL
    SELECT b.change, m.id, m.status, m.outcome
    FROM below AS b
    JOIN outbox.message AS m ON m.cause = b.id AND m.id > (SELECT min(c.id) FROM change AS c)
), total AS (
    SELECT b.change, coalesce(b.outcome, b.status) AS became, count(*) AS keys
    FROM below AS b
    WHERE b.outcome IS DISTINCT FROM 'expanded'
    GROUP BY b.change, became
), summary AS (
    SELECT t.change, string_agg(t.keys || ' ' || t.became, ', ' ORDER BY t.became) AS became
    FROM total AS t
    GROUP BY t.change
)
SELECT c.changed_at,
       c.changed_by,
       c.application,
       c.operation,
       c.source,
       c.target,
       c.resource,
       coalesce(c.key::text, c.via::text) AS key,
       coalesce(s.became, 'nothing to do') AS became,
       c.id AS message
FROM change AS c
LEFT JOIN summary AS s ON s.change = c.id
ORDER BY c.id DESC;
