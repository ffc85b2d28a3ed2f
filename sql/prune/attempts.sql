-- One stretch of outbox.attempt, from where the last one ended.
SELECT last, old, removed FROM outbox.prune_attempts(%(days)s::integer, %(after)s::bigint, %(batch)s::integer)
