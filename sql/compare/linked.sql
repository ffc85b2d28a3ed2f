-- Which objects of the cloud belong to which keys, and by which names such an object may be known there.
SELECT m.resource, m.key, m.remote_id, m.sending
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource IN ('users', 'companies')
