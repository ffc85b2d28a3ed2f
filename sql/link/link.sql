SELECT outbox.link(%(target)s, %(resource)s, %(key)s::text[], %(remote_id)s, %(name)s, %(why)s)
