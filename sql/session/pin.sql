-- Settings of the session, or (local) of this transaction alone; not one that this version of the server does not know.
SELECT pg_catalog.set_config(key, value, %(local)s)
FROM pg_catalog.jsonb_each_text(%(settings)s::jsonb)
WHERE pg_catalog.current_setting(key, true) IS NOT NULL
