-- Everything is sent or read again: what the cloud acknowledged counts for nothing. Users keep their ids, so nobody is
-- invited twice.
UPDATE outbox.mirror AS m
SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp())
WHERE m.target = %(target)s
  AND (cardinality(%(resources)s::text[]) = 0 OR m.resource = ANY (%(resources)s::text[]))
  AND m.key[:cardinality(%(key)s::text[])] = %(key)s::text[]
  AND m.remote_id IS NOT NULL
