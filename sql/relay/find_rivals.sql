-- Other users of ours whose object in the cloud has this e-mail, or may have it (a call not cleared up),
-- and what the view says of each now. looked_at: a message of his is pending, so that this will change by itself.
SELECT m.key, m.remote_id, m.in_doubt IS NOT NULL AS in_doubt, v.user_code IS NOT NULL AS stays,
       v.email,
       EXISTS (
           SELECT FROM outbox.message AS o
           WHERE o.target = %(target)s AND o.resource = 'users' AND o.key = m.key AND o.status = 'pending'
       ) AS looked_at,
       v.user_code IS NOT NULL AND coalesce(cardinality({missing}), 0) = 0 AND NOT coalesce({withdrawn}, false) AS ready
FROM outbox.mirror AS m
LEFT JOIN {view} AS v ON v.user_code = m.key[1]::{key_type}
WHERE m.target = %(target)s AND m.resource = 'users' AND m.key <> %(key)s::text[]
  AND (lower(m.document ->> 'email') = lower(%(email)s)
       OR (m.sending <> '{{}}' AND lower(%(email)s) = ANY (SELECT lower(unnest(m.sending)))))
ORDER BY m.key
