-- A part of preview, in place of preview_users: other rows are no more than their row, but for the access of a user whose
-- account moves to another code. It moves along, without a call; what that code itself had went on before.
moves AS (
    SELECT o.key AS from_key, ARRAY[m.value] || o.key[2:] AS to_key, o.held, o.wanted IS NOT NULL AS stays, n.wanted IS NOT NULL AS goes_on
    FROM judged AS o
    JOIN jsonb_each_text({moves}::jsonb) AS m ON m.key = o.key[1]
    LEFT JOIN judged AS n ON n.key = ARRAY[m.value] || o.key[2:]
    WHERE o.held IS NOT NULL AND NOT o.in_doubt
), refined AS (
    SELECT j.key, j.wanted, j.with_parent, j.in_doubt, NULL::text[] AS takes_over,
           CASE
               WHEN j.verdict NOT IN ('remove', 'hold') AND c.held = j.wanted THEN 'unchanged'
               WHEN j.verdict NOT IN ('remove', 'hold') AND c.held IS NOT NULL THEN 'update'
               WHEN j.verdict IN ('update', 'unchanged') AND g.from_key IS NOT NULL THEN 'create'
               WHEN j.verdict = 'remove' AND g.goes_on THEN 'unchanged'
               ELSE j.verdict
           END AS verdict
    FROM judged AS j
    LEFT JOIN moves AS c ON c.to_key = j.key
    LEFT JOIN moves AS g ON g.from_key = j.key
    UNION ALL
    -- the old code may open it, and the new one may not: what moved along goes
    SELECT m.to_key, NULL, false, false, NULL, 'remove'
    FROM moves AS m
    WHERE m.stays AND NOT m.goes_on
),
