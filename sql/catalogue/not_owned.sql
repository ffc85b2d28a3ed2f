-- What in schema outbox does not belong to outbox_owner.
SELECT format('schema %I', nspname) AS what FROM pg_namespace
WHERE nspname = 'outbox' AND nspowner <> to_regrole('outbox_owner')
UNION ALL
SELECT format('outbox.%I', relname) FROM pg_class
WHERE relnamespace = to_regnamespace('outbox') AND relkind IN ('r', 'v') AND relowner <> to_regrole('outbox_owner')
UNION ALL
SELECT format('function outbox.%I', proname) FROM pg_proc
WHERE pronamespace = to_regnamespace('outbox') AND proowner <> to_regrole('outbox_owner')
