-- What differs is in doubt since it was last confirmed, so that it can never count as unchanged. What has a message that
-- is not done is on its way already.
UPDATE outbox.mirror AS m
SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp())
FROM jsonb_to_recordset(%(keys)s) AS k (key text[])
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.key = k.key AND m.remote_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done')
