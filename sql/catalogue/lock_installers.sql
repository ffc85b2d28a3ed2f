-- One installer at a time in this database, until it is unlocked or gone.
SELECT pg_advisory_lock(hashtext('outbox install'))
