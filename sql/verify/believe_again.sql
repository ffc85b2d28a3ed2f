-- All rows were compared with the target's own lists: the mirror counts again. Not so a row that was left out, since a
-- message about it was not done: it is in doubt. Nothing where the database was restored or failed over once more.
WITH believed AS (
    UPDATE outbox.target AS t
    SET verify_since = NULL
    FROM outbox.target AS was
    WHERE t.target = %(target)s AND was.target = t.target AND t.verify_since = %(verify_since)s
    RETURNING t.target, was.verify_since
)
UPDATE outbox.mirror AS m
SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp())
FROM believed AS b
WHERE m.target = b.target AND m.remote_id IS NOT NULL AND coalesce(m.confirmed_at <= b.verify_since, true)
  AND EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done')
