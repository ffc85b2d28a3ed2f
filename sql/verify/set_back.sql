SELECT outbox.set_back(%(target)s, %(resource)s, %(keys)s) AS written
