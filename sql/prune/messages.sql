-- One stretch of outbox.message, from where the last one ended.
SELECT last, old, removed FROM outbox.prune_messages(%(days)s::integer, %(after)s::bigint, %(batch)s::integer)
