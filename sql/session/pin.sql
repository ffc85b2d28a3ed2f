-- Settings of the session, or (local) of this transaction alone.
SELECT pg_catalog.set_config(key, value, %(local)s) FROM pg_catalog.jsonb_each_text(%(settings)s::jsonb)
