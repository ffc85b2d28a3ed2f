-- What health and metrics are made of, per target.
SELECT * FROM outbox.health ORDER BY target
