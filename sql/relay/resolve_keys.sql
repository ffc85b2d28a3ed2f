-- A chain that led to one full key, the usual case: the message names it from here on. No message of its own, no look
-- at the view, and the history of the key shows the statement itself.
-- The key may have a lane of another relay, whose claims have passed this message already: it was written long ago.
-- What is due is found by everybody, so that is what it becomes. Under the lease: a relay that has lost it would give
-- the message a key that nobody looks at.
WITH lease AS (
    SELECT FROM unnest(%(held)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    JOIN outbox.lease AS l USING (lane, epoch)
    WHERE l.target = %(target)s
    ORDER BY l.lane
    FOR SHARE OF l
), resolved AS (
    UPDATE outbox.message AS m
    SET key = r.key,
        due_at = CASE
            WHEN %(lanes)s::integer[] IS NULL
                 OR outbox.lane(m.resource, r.key, NULL, %(lane_count)s) = ANY (%(lanes)s::integer[]) THEN m.due_at
            ELSE clock_timestamp()
        END
    FROM jsonb_to_recordset(%(keys)s) AS r (id bigint, key text[])
    WHERE m.id = r.id AND m.status = 'pending'
      AND (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])
)
SELECT (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[]) AS leased
