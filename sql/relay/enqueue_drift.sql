-- Something that the capture of a resource rests on is not as installed: all of it is rechecked.
INSERT INTO outbox.message (target, resource, key, operation, source)
SELECT t.target, %(resource)s, '{}', 'DRIFT', 'relay'
FROM outbox.target AS t
WHERE t.target = %(target)s AND t.active_since IS NOT NULL
