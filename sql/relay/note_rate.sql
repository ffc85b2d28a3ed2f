-- What an answer said of the limit, merged into what is known. `left_over`: what the platform says is left, less the
-- calls of this relay that it may not have counted yet. `untaken`: calls that were made before a limit was known, and so
-- not taken out of `remaining`.
-- Within a window the truth is the least that anybody heard. What was heard of a window that is over says nothing of
-- the one that has begun since (2 seconds are the inaccuracy of whole seconds and of the way here).
INSERT INTO outbox.rate AS r (target, company, capacity, remaining, resets_at, window_s)
VALUES (%(target)s, %(company)s, %(capacity)s, %(left_over)s, clock_timestamp() + make_interval(secs => %(reset_s)s), %(window_s)s)
ON CONFLICT (target, company) DO UPDATE
SET capacity = excluded.capacity,
    window_s = greatest(r.window_s, excluded.window_s),
    remaining = CASE
        WHEN r.resets_at IS NULL OR r.resets_at <= clock_timestamp() THEN excluded.remaining
        WHEN excluded.resets_at < r.resets_at - interval '2 seconds' THEN greatest(0, r.remaining - %(untaken)s)
        ELSE greatest(0, least(r.remaining - %(untaken)s, excluded.remaining))
    END,
    resets_at = greatest(r.resets_at, excluded.resets_at)
