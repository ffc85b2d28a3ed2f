SELECT * FROM outbox.refresh_applications(%(target)s, %(apps)s)
