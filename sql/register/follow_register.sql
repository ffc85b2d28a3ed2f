-- How far a register is: everything that came from its messages, by what became of it. Where another message (a change,
-- drift) asked for a key as well, one delivery settled both, and what that caused may name the other one. So what was
-- caused by any message of a followed key is followed; the other messages themselves are not, else a busy table would
-- never let a register end. What is caused comes later: no look at older messages.
WITH RECURSIVE later AS (
    SELECT m.id, m.target, m.resource, m.key, m.status, m.outcome, m.error, m.cause,
           CASE WHEN cardinality(m.key) > 0 THEN min(m.id) OVER (PARTITION BY m.target, m.resource, m.key)
                ELSE m.id END AS of_key
    FROM outbox.message AS m
    WHERE m.id >= %(first)s
), edge AS (
    SELECT l.id, l.of_key, c.of_key AS from_key
    FROM later AS l
    JOIN later AS c ON c.id = l.cause
), caused AS (
    SELECT l.id, l.of_key
    FROM later AS l
    WHERE l.id = ANY (%(ids)s::bigint[])
    UNION
    SELECT e.id, e.of_key
    FROM caused AS c
    JOIN edge AS e ON e.from_key = c.of_key
)
SELECT l.id, l.target, l.resource, l.key, l.status, l.outcome, l.error
FROM later AS l
JOIN caused AS c ON c.id = l.id
WHERE l.outcome IS DISTINCT FROM 'expanded'
ORDER BY l.id
