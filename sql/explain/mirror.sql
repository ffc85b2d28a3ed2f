-- What the mirror has of a key whose view cannot be read.
SELECT m.remote_id, m.document AS held, m.confirmed_at, m.in_doubt, m.intent, m.message_id, m.gone
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[]
