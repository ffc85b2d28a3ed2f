INSERT INTO outbox.message (target, resource, key, via, operation, source)
@selects;
