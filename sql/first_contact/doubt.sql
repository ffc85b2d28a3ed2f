SELECT outbox.doubt(%(target)s, %(resources)s::text[], %(key)s::text[])
