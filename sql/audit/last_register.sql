-- What came of the last register of each target, per resource?
WITH RECURSIVE last AS (
    SELECT DISTINCT ON (m.target) m.target, m.transaction, m.changed_at, m.changed_by
    FROM outbox.message AS m
    WHERE m.operation = 'REGISTER' AND m.cause IS NULL
    ORDER BY m.target, m.id DESC
), root AS (
    SELECT m.id, l.target, l.changed_at, l.changed_by
    FROM last AS l
    JOIN outbox.message AS m USING (target, transaction)
    WHERE m.operation = 'REGISTER' AND m.cause IS NULL
), below AS (
    SELECT r.target, r.changed_at, r.changed_by, r.id
    FROM root AS r
    UNION ALL
    SELECT b.target, b.changed_at, b.changed_by, m.id
    FROM below AS b
    JOIN outbox.message AS m ON m.cause = b.id AND m.id > (SELECT min(r.id) FROM root AS r)
)
SELECT k.target,
       k.changed_at AS registered_at,
       k.changed_by AS registered_by,
       k.resource,
       k.became,
       count(*) AS keys,
       k.why
FROM (
    -- how each key ended: a child that was not ready may have been sent when its parent had come
    SELECT DISTINCT ON (b.target, m.resource, m.key)
           b.target, b.changed_at, b.changed_by, m.resource, coalesce(m.outcome, m.status) AS became, m.error AS why
    FROM below AS b
    JOIN outbox.message AS m ON m.id = b.id
    -- what was expanded has rows of its own
    WHERE m.outcome IS NULL OR m.outcome NOT IN ('expanded', 'unchanged')
    ORDER BY b.target, m.resource, m.key, m.id DESC
) AS k
GROUP BY k.target, k.changed_at, k.changed_by, k.resource, k.became, k.why
UNION ALL
-- most equal rows have no message; of those that changed again since, nothing is known any more
SELECT u.target, u.registered_at, u.registered_by, u.resource, u.became, count(*), NULL
FROM root AS r
JOIN outbox.register_result AS u ON u.register = r.id AND u.became = 'unchanged'
GROUP BY u.target, u.registered_at, u.registered_by, u.resource, u.became
ORDER BY target, resource, keys DESC;
