SELECT outbox.{what}(%(target)s, %(resource)s, %(company)s, %(reason)s)
