SELECT outbox.is_home() AS is_home
