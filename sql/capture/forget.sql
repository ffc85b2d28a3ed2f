DELETE FROM outbox.manifest WHERE kind = @kind AND name = @name;
