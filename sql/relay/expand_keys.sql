-- What was expanded to full keys without reading the view: a chain that led to the anchor, the rest being known.
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT %(target)s, k.resource, k.key, k.operation, k.cause
FROM jsonb_to_recordset(%(keys)s) AS k (resource text, key text[], operation text, cause bigint)
