-- The key, and what hangs on it: by `via`, which names the parent's key columns among the child's.
WITH written AS (
    INSERT INTO outbox.message (target, resource, key, via, operation, source)
    SELECT %(target)s, k.resource, k.key, CASE WHEN k.key IS NULL THEN jsonb_build_object('key', k.via) END, 'EXPAND',
           'outbox.decision'
    FROM jsonb_to_recordset(%(keys)s) AS k (resource text, key text[], via jsonb)
    RETURNING id
)
SELECT min(id) AS id, outbox.ring()
FROM written
