SELECT outbox.pause(%(target)s, %(resource)s, %(company)s, %(reason)s)
