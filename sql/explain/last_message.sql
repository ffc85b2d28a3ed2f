-- The last message about a key that is over. No index leads there, so it is asked only where nothing else is known.
SELECT m.id, coalesce(m.outcome, m.status) AS became, m.settled_at, m.changed_by
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[] AND m.status = 'done'
ORDER BY m.id DESC
LIMIT 1
