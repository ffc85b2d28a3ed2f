-- Pending messages that lead to keys by a chain of joins: some may be about this one.
SELECT count(*)
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status = 'pending' AND m.key IS NULL
