-- The key of ours that is linked to a remote id.
SELECT m.key
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.remote_id = %(remote_id)s
ORDER BY m.key
LIMIT 1
