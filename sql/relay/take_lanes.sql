-- Take lanes that nobody has (any more). A new holder is a new epoch: the old one can settle nothing.
-- The flag of a relay that died asleep goes with it: else every writer would ring for nobody, for ever. One that is
-- alive and only let a lane go keeps its flag.
-- A lease that ran out was not handed over: what its holder was sending may have been under way until then. (It stops
-- sending one deadline before the end of its lease.) abandoned_s: how long ago, of all lanes the latest.
WITH free AS (
    SELECT l.lane, l.holder
    FROM outbox.lease AS l
    WHERE l.target = %(target)s AND l.expires_at <= clock_timestamp()
    ORDER BY l.lane
    LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE outbox.lease AS l
    SET holder = %(holder)s, epoch = l.epoch + 1, expires_at = clock_timestamp() + make_interval(secs => %(lease_s)s),
        abandoned_at = coalesce(nullif(l.expires_at, '-infinity'), l.abandoned_at)
    FROM free AS f
    WHERE l.target = %(target)s AND l.lane = f.lane
    RETURNING l.lane, l.epoch, l.abandoned_at
), silenced AS (
    DELETE FROM outbox.bell AS b
    USING free AS f
    WHERE b.holder = f.holder
      AND NOT EXISTS (SELECT FROM outbox.relay AS r WHERE r.holder = b.holder AND r.expires_at > clock_timestamp())
), forgotten AS (
    DELETE FROM outbox.relay AS r WHERE r.expires_at < clock_timestamp() - interval '1 day'
)
SELECT t.lane, t.epoch, extract(epoch FROM clock_timestamp() - max(t.abandoned_at) OVER ())::float8 AS abandoned_s,
       (SELECT count(*)::integer FROM outbox.lease AS l WHERE l.target = %(target)s) AS lanes
FROM taken AS t
