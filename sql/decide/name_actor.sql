-- Who decides, in this transaction: what the session says already, else the user of the operating system.
SELECT set_config('outbox.actor', coalesce(nullif(current_setting('outbox.actor', true), ''), %(user)s), true)
