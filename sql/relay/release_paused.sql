-- A pause is over: what was put off because of one is due now. `resume` has done so as well, but not for what a relay was
-- putting off at that very moment.
UPDATE outbox.message AS m
SET due_at = clock_timestamp()
FROM unnest(%(resources)s::text[], %(companies)s::text[]) AS p (resource, company)
WHERE m.target = %(target)s AND m.status = 'pending' AND m.due_at > clock_timestamp()
  AND p.resource IN ('', m.resource) AND (p.company = '' OR p.company = ANY (m.key))
