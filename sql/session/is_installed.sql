SELECT pg_catalog.to_regclass('outbox.message') IS NOT NULL
