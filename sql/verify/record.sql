-- The last result of each resource.
INSERT INTO outbox.verified AS v
    (target, resource, result, started_at, held, missing, different, unmanaged, set_back, why)
VALUES (%(target)s, %(resource)s, %(result)s, %(started_at)s, %(held)s, %(missing)s, %(different)s, %(unmanaged)s,
        %(set_back)s, %(why)s)
ON CONFLICT (target, resource) DO UPDATE
SET result = excluded.result, started_at = excluded.started_at, finished_at = clock_timestamp(), held = excluded.held,
    missing = excluded.missing, different = excluded.different, unmanaged = excluded.unmanaged,
    set_back = excluded.set_back, why = excluded.why
