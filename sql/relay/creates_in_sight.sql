-- A part of note_in_sight: what the view has, ready, and the cloud does not hold. Not what lacks a parent that is not
-- about to come, and not a user who takes over the object of a key that is gone.
SELECT d.key, md5(d.document) AS row_hash
FROM desired AS d
LEFT JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND m.key = d.key
WHERE m.remote_id IS NULL AND NOT d.not_ready AND {has_parents}
  AND NOT ({resource} = 'users' AND EXISTS (
      SELECT FROM outbox.mirror AS om
      LEFT JOIN desired AS o ON o.key = om.key
      WHERE om.target = {target} AND om.resource = {resource} AND om.remote_id IS NOT NULL AND o.key IS NULL
        AND lower(om.document ->> 'email') = lower(d.email)))
