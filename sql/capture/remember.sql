INSERT INTO outbox.manifest (kind, name, hash, version, facts)
VALUES (@kind, @name, @hash, @version, @facts)
ON CONFLICT (kind, name) DO UPDATE
SET hash = excluded.hash, version = excluded.version, facts = excluded.facts, changed_at = now();
