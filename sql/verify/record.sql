SELECT outbox.record_verified(jsonb_build_object(
    'target', %(target)s::text, 'resource', %(resource)s::text, 'result', %(result)s::text, 'started_at', %(started_at)s::timestamptz,
    'listed', %(listed)s::bigint, 'missing', %(missing)s::bigint, 'different', %(different)s::bigint,
    'unmanaged', %(unmanaged)s::bigint, 'set_back', %(set_back)s::bigint, 'why', %(why)s::text))
