-- The link is forgotten; the object stays in the cloud. The next look searches it anew.
WITH decided AS (
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    VALUES ('unlink', %(target)s, %(resource)s, %(key)s::text[], %(why)s)
)
DELETE FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[]
