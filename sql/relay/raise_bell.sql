-- The flag first, committed; then, in a transaction of its own (see mark_sleep), the mark to wait for.
INSERT INTO outbox.bell (holder) VALUES (%(holder)s) ON CONFLICT (holder) DO UPDATE SET since = clock_timestamp()
