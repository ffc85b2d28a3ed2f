-- Was the outbox ever installed here?
SELECT to_regclass('outbox.migration') IS NOT NULL AS has_migrations
