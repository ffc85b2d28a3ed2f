-- Take calls out of the budget of a company before making them: an eighth of what remains, so that few statements are
-- needed while much remains and little lies idle with one relay when little does; at least `wanted` or none.
-- No row: no limit was ever announced.
-- A reset is told in whole seconds, so the window may end up to 1.5 s before resets_at. Calls made in that time would
-- count in one window or the other, nobody knows which. While more than half remains they may count in both: the budget
-- simply goes on and is renewed later. Else they wait for the end.
WITH now AS MATERIALIZED (
    SELECT clock_timestamp() AS at
), known AS MATERIALIZED (
    SELECT r.capacity, r.resets_at, r.remaining, greatest(r.window_s, 1) AS window_s,
           r.resets_at IS NULL OR now.at >= r.resets_at AS over,
           now.at >= r.resets_at - interval '1.5 seconds' AS ending
    FROM now, outbox.rate AS r
    WHERE r.target = %(target)s AND r.company = %(company)s AND r.capacity IS NOT NULL
    FOR UPDATE OF r
), free AS MATERIALIZED (
    SELECT k.*, least(k.capacity, %(wanted)s) AS wanted,
           CASE WHEN k.over THEN k.capacity WHEN k.ending AND 2 * k.remaining < k.capacity THEN 0 ELSE k.remaining END AS free
    FROM known AS k
), taken AS MATERIALIZED (
    SELECT f.*, CASE WHEN f.free >= f.wanted THEN greatest(f.wanted, f.free / 8) ELSE 0 END AS granted
    FROM free AS f
)
UPDATE outbox.rate AS r
SET remaining = CASE WHEN t.over THEN t.capacity ELSE r.remaining END - t.granted,
    resets_at = CASE
        WHEN t.over OR (t.ending AND t.granted > 0) THEN now.at + make_interval(secs => t.window_s)
        ELSE r.resets_at
    END
FROM taken AS t, now
WHERE r.target = %(target)s AND r.company = %(company)s
RETURNING t.capacity, t.granted, extract(epoch FROM r.resets_at - now.at)::float8 AS reset_s
