DELETE FROM outbox.manifest;
