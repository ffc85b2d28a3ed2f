-- Users in the view that have one of these e-mails: a leaving user's object moves to the first of them (a changed user
-- code is no removal and no second invitation), ready or not: one who is not ready keeps it as it is. Those without an
-- object come first; one whose doubt nobody clears is none. emails: of the object that he has already; another: which is
-- perhaps not his (his names and e-mail are all others; what it holds is not known, and it was never sent his e-mail).
SELECT ARRAY[v.user_code::text] AS key, m.in_doubt IS NOT NULL AS in_doubt, m.remote_id IS NOT NULL AS has_object,
       array_remove(coalesce(m.sending, '{{}}') || (m.document ->> 'email'), NULL) AS emails,
       coalesce(m.document ->> 'email' <> v.email::text
                    AND m.document ->> 'first_name' IS DISTINCT FROM v.first_name::text
                    AND m.document ->> 'last_name' IS DISTINCT FROM v.last_name::text,
                v.email::text <> ALL (m.sending)) AS another
FROM {view} AS v
LEFT JOIN outbox.mirror AS m ON m.target = %(target)s AND m.resource = 'users' AND m.key = ARRAY[v.user_code::text]
WHERE lower(v.email) = ANY (SELECT lower(unnest(%(emails)s::text[])))
  AND (m.in_doubt IS NULL OR m.remote_id IS NOT NULL OR EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = m.target AND o.resource = 'users' AND o.key = m.key AND o.status = 'pending'))
  AND NOT coalesce({withdrawn}, false)
ORDER BY m.remote_id IS NOT NULL, coalesce(cardinality({missing}), 0), 1
