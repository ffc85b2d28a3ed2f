-- One stretch of outbox.attempt or outbox.message, from where the last one ended.
SELECT last, old, removed FROM {prune}(%(days)s::integer, %(after)s::bigint, %(batch)s::integer)
