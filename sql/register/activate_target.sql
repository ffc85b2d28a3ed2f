SELECT outbox.activate(%(target)s)
