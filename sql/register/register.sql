-- Enqueue a recheck; the ids of its messages.
SELECT outbox.register(%(target)s, %(resource)s, %(key)s, %(shown)s)
