SELECT outbox.meet(%(target)s, %(links)s, %(alone)s)
