-- The intent, committed before the first byte leaves: the mirror row is in doubt from here on, with the natural keys
-- of this attempt beside those of earlier ones. Nothing is begun when a lane of this relay has passed to another: the
-- lease rows stay locked until commit, so nobody can take one over between the check and the write.
-- Nor what a person has rejected since it was looked at, and so not seen as rejected: that is looked at again. Answers all
-- that was asked for, without an intent what was not begun; nothing at all without the lease.
-- The one commit that has to be on disk (of the standby too, where there is one): an intent that a crash of the server
-- can forget is no intent. All else the relay commits is found again by looking, so it need not wait for the disk.
WITH lease AS (
    SELECT set_config('synchronous_commit', 'on', true)
    FROM unnest(%(held)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    JOIN outbox.lease AS l USING (lane, epoch)
    WHERE l.target = %(target)s AND l.expires_at > clock_timestamp()
    ORDER BY l.lane
    FOR SHARE OF l
), asked AS (
    SELECT w.*
    FROM jsonb_to_recordset(%(work)s) AS w (
        resource text, key text[], ids bigint[], remote_id text, intent text, sending text[], rejected boolean)
    WHERE (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])
), work AS (
    SELECT a.*
    FROM asked AS a
    WHERE a.rejected OR NOT EXISTS (
        SELECT FROM outbox.rejection AS r WHERE r.target = %(target)s AND r.resource = a.resource AND r.key = a.key)
), attempted AS (
    -- The newest stands for all that go out together, so it alone counts; each of ten changes need not be written twice.
    UPDATE outbox.message AS m
    SET attempts = m.attempts + CASE WHEN m.id = w.ids[cardinality(w.ids)] THEN 1 ELSE 0 END, due_at = NULL
    FROM work AS w, unnest(w.ids) AS u (id)
    -- the array besides: by it the planner knows how many they are, and never reads all messages for them
    WHERE m.id = u.id AND m.id = ANY (%(ids)s::bigint[])
      AND (m.id = w.ids[cardinality(w.ids)] OR m.due_at IS NOT NULL)
), begun AS (
    INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, in_doubt, intent, sending)
    SELECT %(target)s, w.resource, w.key, w.remote_id, clock_timestamp(), w.intent, w.sending
    FROM work AS w
    ON CONFLICT (target, resource, key) DO UPDATE
    SET in_doubt = excluded.in_doubt,
        intent = outbox.noted_intent(m.intent, excluded.intent),
        doubted = false,
        remote_id = coalesce(excluded.remote_id, m.remote_id),
        sending = ARRAY(SELECT unnest(m.sending) UNION SELECT unnest(excluded.sending))
    RETURNING m.resource, m.key, m.intent
)
SELECT a.resource, a.key, b.intent
FROM asked AS a
LEFT JOIN begun AS b USING (resource, key)
