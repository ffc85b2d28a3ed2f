-- From now on the outbox belongs to this very database.
SELECT outbox.adopt(%(why)s)
