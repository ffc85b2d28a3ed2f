-- Where a chain of joins leads in current data (install made the function), and what follows from it: a chain that leads
-- to one full key, the usual case, has its message name that key from here on. No message of its own, no look at the
-- view, and the history of the key shows the statement itself.
-- The key may have a lane of another relay, whose claims have passed this message already: it was written long ago.
-- What is due is found by everybody, so that is what it becomes. Under the lease: a relay that has lost it would give
-- the message a key that nobody looks at. The lease is locked when the chain has been followed and not before: that can
-- take long, and meanwhile it must be renewed.
-- rest: the key without its first column, of a message that knows it.
-- Answers where each start leads (start, anchor), and of the messages that name a key from now on (id, key).
WITH coarse AS MATERIALIZED (
    SELECT w.* FROM jsonb_to_recordset(%(messages)s) AS w (id bigint, start jsonb, rest text[])
), led AS MATERIALIZED (
    SELECT f.start, f.anchor FROM outbox.{function}((SELECT jsonb_agg(DISTINCT c.start) FROM coarse AS c)) AS f
), one AS MATERIALIZED (
    SELECT c.id, min(l.anchor) || c.rest AS key
    FROM coarse AS c
    JOIN led AS l USING (start)
    WHERE c.rest IS NOT NULL
    GROUP BY c.id, c.rest
    HAVING count(*) = 1
), lease AS MATERIALIZED (
    SELECT FROM unnest(%(held)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    JOIN outbox.lease AS l USING (lane, epoch)
    WHERE l.target = %(target)s AND EXISTS (SELECT FROM one)
    ORDER BY l.lane
    FOR SHARE OF l
), resolved AS (
    UPDATE outbox.message AS m
    SET key = o.key,
        due_at = CASE
            WHEN %(lanes)s::integer[] IS NULL
                 OR outbox.lane(m.resource, o.key, NULL, %(lane_count)s) = ANY (%(lanes)s::integer[]) THEN m.due_at
            ELSE clock_timestamp()
        END
    FROM one AS o
    -- the array, and the CASE: as in settle
    WHERE m.id = o.id AND m.id = ANY (%(ids)s::bigint[])
      AND CASE m.status WHEN 'pending' THEN true ELSE false END
      AND (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])
)
SELECT l.start, l.anchor, NULL::bigint AS id, NULL::text[] AS key, NULL::boolean AS leased
FROM led AS l
UNION ALL
SELECT NULL, NULL, o.id, o.key, (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])
FROM one AS o
