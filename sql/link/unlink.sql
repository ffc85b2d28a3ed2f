SELECT outbox.unlink(%(target)s, %(resource)s, %(key)s::text[], %(why)s)
