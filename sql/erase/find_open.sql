-- What is still under way, or waits for a decision, about a person. Where the target holds him a coarse message counts
-- too: it may yet lead to a delivery. At a target that is not active yet nothing does, unless it holds him.
WITH his AS (
    SELECT h.target, h.in_doubt
    FROM outbox.mirror AS h
    WHERE h.resource = ANY (%(resources)s) AND h.key[1] = %(code)s
)
SELECT m.target, m.status, count(*)
FROM outbox.message AS m
JOIN outbox.target AS t ON t.target = m.target
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM his AS h WHERE h.target = m.target) AS holds) AS h
WHERE m.status <> 'done'
  AND m.resource = ANY (%(resources)s)
  AND (m.key[1] = %(code)s AND (h.holds OR t.active_since IS NOT NULL OR m.status <> 'pending')
       OR h.holds AND coalesce(cardinality(m.key), 0) = 0 AND m.status = 'pending')
GROUP BY m.target, m.status
UNION ALL
SELECT h.target, 'in doubt', count(*)
FROM his AS h
WHERE h.in_doubt IS NOT NULL
GROUP BY h.target
ORDER BY 1, 2
