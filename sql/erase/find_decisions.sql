-- Decisions of one range with words to erase: the reasons given about him, and his e-mail or name in any other.
SELECT d.id
FROM outbox.decision AS d
LEFT JOIN outbox.message AS m ON m.id = d.message_id
WHERE d.id > %(after)s AND d.id <= %(upto)s
  AND d.decision <> 'erase'
  AND (coalesce(d.resource, m.resource) = ANY (%(resources)s) AND (coalesce(d.key, m.key))[1] = %(code)s
           AND d.why <> '[erased]'
       OR d.why ~* %(pattern)s)
