SELECT outbox.require_home()
