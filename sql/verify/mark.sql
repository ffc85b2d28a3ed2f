SELECT outbox.mark(%(target)s, %(resource)s, %(keys)s)
