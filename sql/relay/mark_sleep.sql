-- A transaction id younger than the flag: whoever started before it may not have seen the flag.
SELECT pg_current_xact_id()::text::bigint AS mark
