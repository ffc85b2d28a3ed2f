-- A person says which object a key is. What is in it is not known: it is sent whole. `sending` has the name it is known
-- by there, since until then nobody else may take that for free.
WITH ours AS (
    DELETE FROM outbox.not_ours AS n
    WHERE n.target = %(target)s AND n.resource = %(resource)s AND n.remote_id = %(remote_id)s
), decided AS (
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    VALUES ('link', %(target)s, %(resource)s, %(key)s::text[], %(why)s)
)
INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, sending)
VALUES (%(target)s, %(resource)s, %(key)s::text[], %(remote_id)s, array_remove(ARRAY[%(name)s::text], NULL))
ON CONFLICT (target, resource, key) DO UPDATE
SET remote_id = excluded.remote_id, sending = excluded.sending, in_doubt = NULL, intent = NULL, unlinked = false,
    parents = '{}', etag = NULL, document = NULL
