-- The key of ours that is linked to a remote id; of an object that a person left alone a name that is no key.
SELECT m.key
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.remote_id = %(remote_id)s
UNION ALL
SELECT ARRAY['(none of ours)']
FROM outbox.not_ours AS n
WHERE n.target = %(target)s AND n.resource = %(resource)s AND n.remote_id = %(remote_id)s
ORDER BY key
LIMIT 1
