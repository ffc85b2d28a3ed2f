-- Set back by an ordinary message each: the relay does it, and holds what its brakes hold.
WITH written AS (
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT %(target)s, %(resource)s, k.key, 'EXPAND', 'outbox.verified'
    FROM jsonb_to_recordset(%(keys)s) AS k (key text[])
    WHERE NOT EXISTS (
        SELECT FROM outbox.message AS o
        WHERE o.target = %(target)s AND o.resource = %(resource)s AND o.key = k.key AND o.status <> 'done')
    RETURNING id
)
SELECT count(*) AS written, outbox.ring()
FROM written
