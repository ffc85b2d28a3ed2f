-- approve, reject, retry or skip, of these messages.
SELECT outbox.{decision}(messages => %(messages)s, why => %(why)s)
