INSERT INTO outbox.message (target, resource, key, operation, source)
SELECT m.target, m.resource, '{}', 'DRIFT', 'install'
FROM @resources
JOIN outbox.target AS t USING (target)
WHERE t.active_since IS NOT NULL;
