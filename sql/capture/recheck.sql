INSERT INTO outbox.message (target, resource, key, operation, source)
SELECT m.target, m.resource, '{}', 'DRIFT', 'install'
FROM @resources
JOIN outbox.target AS t USING (target)
WHERE t.active_since IS NOT NULL;

-- And once more when the transactions of now have ended, which may have written unseen: see outbox.recheck_unseen().
INSERT INTO outbox.manifest (kind, name, hash, version, facts)
SELECT 'recheck', m.target || '.' || m.resource, '', '', '{}'
FROM @resources
ON CONFLICT (kind, name) DO UPDATE SET facts = '{}';
