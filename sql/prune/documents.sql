-- One stretch of what was sent, from where the last one ended.
SELECT last, old, removed FROM outbox.prune_documents(%(days)s::integer, %(after)s::bigint, %(batch)s::integer)
