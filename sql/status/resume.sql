SELECT outbox.resume(%(target)s, %(resource)s, %(company)s, %(reason)s)
