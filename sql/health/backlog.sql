-- The same, per resource.
SELECT * FROM outbox.backlog ORDER BY target, resource
