DELETE FROM outbox.manifest WHERE kind = 'capture' AND name IN (@names);
