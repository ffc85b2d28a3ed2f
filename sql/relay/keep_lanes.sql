-- One heartbeat of a relay, for all its targets: it is alive, and has the lanes that it holds for another while.
-- Answers for each target how many lanes there are, how many are its share, which it still has, how many are free, and
-- when the next of the others' leases ends unless that one renews it.
-- The share needs no talk between relays: all of them see the same list, and divide it in the same way.
WITH present AS (
    INSERT INTO outbox.relay AS r (target, holder, expires_at)
    SELECT t.target, %(holder)s::text || '/' || t.target,
           CASE
               WHEN t.target = ANY (%(closed)s::text[]) THEN '-infinity'  -- about to stop: no share any more
               ELSE clock_timestamp() + make_interval(secs => %(lease_s)s)
           END
    FROM unnest(%(targets)s::text[]) AS t (target)
    ON CONFLICT (target, holder) DO UPDATE
    SET expires_at = excluded.expires_at,
        since = CASE WHEN r.expires_at > clock_timestamp() THEN r.since ELSE clock_timestamp() END
    RETURNING r.target, r.holder, r.since
), mine AS (
    -- In one order, as everywhere: whoever locks several of them cannot wait in a circle.
    SELECT l.target, l.lane
    FROM unnest(%(held_targets)s::text[], %(held_lanes)s::integer[], %(epochs)s::bigint[]) AS h (target, lane, epoch)
    JOIN outbox.lease AS l USING (target, lane, epoch)
    WHERE l.expires_at > clock_timestamp()
    ORDER BY l.target, l.lane
    FOR NO KEY UPDATE OF l
), renewed AS (
    UPDATE outbox.lease AS l
    SET expires_at = clock_timestamp() + make_interval(secs => %(lease_s)s)
    FROM mine AS m
    WHERE l.target = m.target AND l.lane = m.lane
    RETURNING l.target, l.lane
), alive AS (
    SELECT p.target, p.holder, p.since FROM present AS p
    UNION ALL
    SELECT r.target, r.holder, r.since
    FROM outbox.relay AS r
    WHERE r.expires_at > clock_timestamp()
      AND NOT EXISTS (SELECT FROM present AS p WHERE p.target = r.target AND p.holder = r.holder)
), placed AS (
    SELECT a.target, a.holder,
           row_number() OVER (PARTITION BY a.target ORDER BY a.since, a.holder) AS place,
           count(*) OVER (PARTITION BY a.target) AS relays
    FROM alive AS a
), lanes AS (
    SELECT l.target, count(*) AS lanes,
           count(*) FILTER (WHERE l.expires_at <= clock_timestamp()) AS free,
           min(l.expires_at) FILTER (WHERE l.expires_at > clock_timestamp() AND m.lane IS NULL) AS next_end
    FROM outbox.lease AS l
    LEFT JOIN mine AS m USING (target, lane)
    GROUP BY l.target
)
SELECT l.target, l.lanes::integer AS lanes,
       (l.lanes / p.relays + CASE WHEN p.place <= l.lanes %% p.relays THEN 1 ELSE 0 END)::integer AS share,
       ARRAY(SELECT r.lane FROM renewed AS r WHERE r.target = l.target) AS kept,
       l.free > 0 AS some_free,
       extract(epoch FROM l.next_end - clock_timestamp())::float8 AS next_end_s
FROM lanes AS l
JOIN placed AS p USING (target)
JOIN present AS me USING (target, holder)
