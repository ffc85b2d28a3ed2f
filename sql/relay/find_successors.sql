-- Users in the view that have one of these e-mails and no object in the cloud: a leaving user's object moves to the
-- first of them (a changed user code is no removal and no second invitation). One whose doubt nobody clears is none.
SELECT ARRAY[v.user_code::text] AS key, m.in_doubt IS NOT NULL AS in_doubt
FROM {view} AS v
LEFT JOIN outbox.mirror AS m ON m.target = %(target)s AND m.resource = 'users' AND m.key = ARRAY[v.user_code::text]
WHERE lower(v.email) = ANY (SELECT lower(unnest(%(emails)s::text[])))
  AND v.user_code::text <> %(key)s::text
  AND m.remote_id IS NULL
  AND (m.in_doubt IS NULL OR EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = m.target AND o.resource = 'users' AND o.key = m.key AND o.status = 'pending'))
  AND coalesce(cardinality({missing}), 0) = 0 AND NOT coalesce({withdrawn}, false)
ORDER BY 1
