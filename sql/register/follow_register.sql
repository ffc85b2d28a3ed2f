-- How far a register is: everything that came from its messages, by what became of it.
WITH RECURSIVE caused AS (
    SELECT m.id, m.target, m.resource, m.key, m.status, m.outcome, m.error
    FROM outbox.message AS m
    WHERE m.id = ANY (%(ids)s::bigint[])
    UNION ALL
    SELECT m.id, m.target, m.resource, m.key, m.status, m.outcome, m.error
    FROM outbox.message AS m
    JOIN caused AS c ON m.cause = c.id AND m.id > %(first)s  -- what is caused comes later: no look at older messages
)
SELECT c.id, c.target, c.resource, c.key, c.status, c.outcome, c.error
FROM caused AS c
WHERE c.outcome IS DISTINCT FROM 'expanded'
ORDER BY c.id
