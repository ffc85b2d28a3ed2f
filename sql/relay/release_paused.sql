-- A pause is over: what was put off because of one is due now. `resume` has done so as well, but not for what a relay was
-- putting off at that very moment. An hour: longer than a pause puts off, also where the resume took its time to commit.
-- The decisions are read once, whatever is known of how many there are, and no message where there was none.
WITH resumed AS MATERIALIZED (
    SELECT DISTINCT coalesce(d.resource, '') AS resource, coalesce(d.key[1], '') AS company
    FROM outbox.decision AS d
    WHERE d.target = %(target)s AND d.decision = 'resume' AND d.decided_at > clock_timestamp() - interval '1 hour'
      AND num_nonnulls(d.resource, d.key) > 0  -- of a part: while all of it is paused, nothing is put off
), put_off AS (
    SELECT m.id
    FROM outbox.message AS m
    WHERE EXISTS (SELECT FROM resumed)
      AND m.target = %(target)s AND m.status = 'pending' AND m.due_at > clock_timestamp()
      AND EXISTS (
          SELECT FROM unnest(m.key || ''::text) AS k (company)
          WHERE ('', k.company) IN (TABLE resumed) OR (m.resource, k.company) IN (TABLE resumed))
    FOR NO KEY UPDATE SKIP LOCKED  -- by a person who resumes or retries: no relay waits until he has committed
)
UPDATE outbox.message AS m
SET due_at = clock_timestamp()
WHERE m.id = ANY (ARRAY(SELECT p.id FROM put_off AS p))  -- by its index, and not all messages for many of them
