SELECT pg_advisory_unlock(hashtext('outbox install'))
