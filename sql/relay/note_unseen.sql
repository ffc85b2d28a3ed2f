-- What was written where capture could not see it.
SELECT outbox.recheck_unseen()
