-- Settings of the session, or (local) of this transaction alone.
SELECT set_config(key, value, %(local)s) FROM jsonb_each_text(%(settings)s::jsonb)
