-- The row stays, with the remote id: what the cloud still holds is not forgotten. Without a document the next delivery,
-- if there ever is one, sends all or removes. Nothing is touched that a delivery is about to use.
UPDATE outbox.mirror AS h
SET document = NULL, sending = '{}'
WHERE h.resource = 'users' AND h.key = ARRAY[%(code)s] AND h.in_doubt IS NULL
  AND (h.document IS NOT NULL OR h.sending <> '{}')
  AND NOT EXISTS (
      SELECT FROM outbox.message AS m
      WHERE m.target = h.target AND m.resource = h.resource AND m.key = h.key AND m.status <> 'done')
