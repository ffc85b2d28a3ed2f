-- A part of preview, in place of preview_users: other rows are no more than their row, but for the access of a user whose
-- account moves to another code. It moves along, without a call.
moves AS (
    SELECT o.key AS from_key, ARRAY[m.value] || o.key[2:] AS to_key, o.held
    FROM judged AS o
    JOIN jsonb_each_text({moves}::jsonb) AS m ON m.key = o.key[1]
    WHERE o.verdict = 'remove' AND NOT o.in_doubt
), refined AS (
    SELECT j.key, j.wanted, j.with_parent, j.in_doubt, NULL::text[] AS takes_over,
           CASE
               WHEN j.verdict = 'create' AND m.held = j.wanted THEN 'unchanged'
               WHEN j.verdict = 'create' AND m.held IS NOT NULL THEN 'update'
               WHEN EXISTS (SELECT FROM moves AS o JOIN judged AS n ON n.key = o.to_key WHERE o.from_key = j.key) THEN 'unchanged'
               ELSE j.verdict
           END AS verdict
    FROM judged AS j
    LEFT JOIN moves AS m ON m.to_key = j.key
),
