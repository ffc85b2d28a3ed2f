SELECT version FROM outbox.migration
