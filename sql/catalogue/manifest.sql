-- What install remembered.
SELECT kind, name, hash, facts FROM outbox.manifest
