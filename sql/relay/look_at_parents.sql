-- Something below these parents was answered "not found": perhaps the target no longer knows one of them, and only a call
-- about itself finds that out. So what is known of it counts for nothing, and it is looked at; by the message that waits
-- already, where there is one, since the attempts of a newer one begin anew. Not who was there a minute ago: he may not be
-- seen everywhere yet, would be taken for gone, and be made twice.
WITH doubted AS (
    UPDATE outbox.mirror AS m
    SET in_doubt = coalesce(m.in_doubt, clock_timestamp())
    FROM jsonb_to_recordset(%(parents)s) AS p (resource text, key text[], remote_id text, cause bigint)
    WHERE m.target = %(target)s AND m.resource = p.resource AND m.key = p.key AND m.remote_id = p.remote_id AND NOT m.gone
      AND m.confirmed_at < clock_timestamp() - interval '1 minute'
    RETURNING m.resource, m.key, p.cause
)
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT %(target)s, d.resource, d.key, 'EXPAND', d.cause
FROM doubted AS d
WHERE NOT EXISTS (
    SELECT FROM outbox.message AS o
    WHERE o.target = %(target)s AND o.resource = d.resource AND o.key = d.key AND o.status = 'pending')
