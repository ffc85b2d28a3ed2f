-- A person says that the account is somebody else's: the relay removes it, and makes a new one for the key. Unless
-- another key has the account as well: then this one only lets go.
WITH decided AS (
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    VALUES ('unlink', %(target)s, %(resource)s, %(key)s::text[], %(why)s)
), shared AS (
    DELETE FROM outbox.mirror AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[] AND EXISTS (
        SELECT FROM outbox.mirror AS x
        WHERE x.target = m.target AND x.resource = m.resource AND x.remote_id = m.remote_id AND x.key <> m.key)
    RETURNING m.key
)
UPDATE outbox.mirror AS m
SET unlinked = true
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = %(key)s::text[] AND NOT EXISTS (SELECT FROM shared)
