SELECT outbox.record_verified(%(found)s)
