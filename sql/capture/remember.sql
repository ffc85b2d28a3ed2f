INSERT INTO outbox.manifest (kind, name, hash, version, facts)
VALUES
    @rows
ON CONFLICT (kind, name) DO UPDATE
SET hash = excluded.hash, version = excluded.version, facts = excluded.facts, changed_at = now();
