SELECT outbox.believe(%(target)s, %(verify_since)s)
