-- A batch of what was sent is forgotten.
SELECT outbox.prune_documents(%(days)s::integer, %(batch)s::integer)
