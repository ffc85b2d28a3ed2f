-- A pause is over: what was put off because of one is due now. `resume` has done so as well, but not for what a relay was
-- putting off at that very moment. An hour: longer than a pause puts off, also where the resume took its time to commit.
UPDATE outbox.message AS m
SET due_at = clock_timestamp()
FROM outbox.decision AS d
WHERE d.target = %(target)s AND d.decision = 'resume' AND d.decided_at > clock_timestamp() - interval '1 hour'
  AND coalesce(d.resource, d.key[1]) IS NOT NULL  -- of a part: while all of it is paused, nothing is put off
  AND m.target = %(target)s AND m.status = 'pending' AND m.due_at > clock_timestamp()
  AND (d.resource IS NULL OR d.resource = m.resource) AND (d.key IS NULL OR d.key[1] = ANY (m.key))
