-- A part of note_in_sight: what the cloud holds and the view does not have (or has as withdrawn, when somebody
-- registers). Not what leaves with its company, and not a user whose object another key takes over.
SELECT m.key, md5(d.document) AS row_hash
FROM outbox.mirror AS m
LEFT JOIN desired AS d ON d.key = m.key
WHERE m.target = {target} AND m.resource = {resource}
  AND (d.key IS NULL OR d.withdrawn AND (%(decision)s::bigint IS NOT NULL OR EXISTS (
      SELECT FROM outbox.message AS r
      WHERE r.target = {target} AND r.resource = {resource} AND r.status = 'pending' AND r.operation = 'REGISTER')))
  AND {parent_stays}
  AND NOT ({resource} = 'users' AND EXISTS (
      SELECT FROM desired AS s
      LEFT JOIN outbox.mirror AS sm ON sm.target = {target} AND sm.resource = {resource} AND sm.key = s.key
      WHERE lower(s.email) = lower(m.document ->> 'email') AND s.key <> m.key AND sm.remote_id IS NULL AND NOT s.withdrawn))
