-- The server's own process, which a pooler's client is not told; and whether prepared transactions are allowed: then
-- capture may not ring, since PREPARE TRANSACTION fails after a NOTIFY.
SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('max_prepared_transactions')::integer > 0
