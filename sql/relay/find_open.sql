-- The pending messages of a key, without a look at its view.
SELECT m.id
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[] AND m.status = 'pending'
