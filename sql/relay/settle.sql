-- The outcome of some deliveries: messages, mirror and attempts in one transaction, under the lease.
-- `mirror` says what becomes of the mirror row: keep, write (as given: acknowledged, or as it was before the intent),
-- delete. Not what somebody doubted since it was begun, or (doubted: what was seen then) looked at: that has another message,
-- and is looked at once more.
WITH lease AS (
    SELECT FROM unnest(%(held)s::integer[], %(epochs)s::bigint[]) AS h (lane, epoch)
    JOIN outbox.lease AS l USING (lane, epoch)
    WHERE l.target = %(target)s
    ORDER BY l.lane
    FOR SHARE OF l
), work AS (
    SELECT w.*
    FROM jsonb_to_recordset(%(work)s) AS w (
        resource text, key text[], ids bigint[], message_id bigint,
        status text, outcome text, http_status integer, error text, wait_s float8, uncounted boolean, document text,
        mirror text, remote_id text, in_doubt_s float8, intent text, sending text[], parents text[], etag text, held text, gone boolean,
        doubted boolean, withheld text, batch bigint)
    WHERE (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])
), settled AS (
    UPDATE outbox.message AS m
    SET status = w.status,
        -- what was stuck before is over now, but it was not this delivery that it asked for
        outcome = CASE WHEN w.status = 'done' AND m.status <> 'pending' THEN 'superseded' ELSE w.outcome END,
        http_status = w.http_status,
        error = w.error,
        attempts = m.attempts - CASE WHEN w.uncounted AND m.id = w.message_id THEN 1 ELSE 0 END,
        due_at = clock_timestamp() + make_interval(secs => w.wait_s),
        settled_at = CASE WHEN w.status <> 'pending' THEN clock_timestamp() END,
        withheld = CASE WHEN w.status = 'held' THEN w.withheld ELSE m.withheld END,
        batch = CASE WHEN w.status = 'held' THEN w.batch ELSE m.batch END,
        row_hash = CASE WHEN w.status = 'held' THEN md5(w.document) ELSE m.row_hash END,
        document = CASE WHEN m.id = w.message_id AND w.outcome IN ('created', 'updated') THEN w.document::jsonb END
    FROM work AS w, unnest(w.ids) AS u (id)
    -- the array besides: by it the planner knows how many they are, and never reads all messages for them
    WHERE m.id = u.id AND m.id = ANY (%(ids)s::bigint[])
      -- as a CASE, of which it expects nothing: it knows that nearly all are done, and would join as for one row
      AND CASE m.status WHEN 'pending' THEN true WHEN 'done' THEN false ELSE w.status = 'done' END
    RETURNING m.id
), mirrored AS (
    -- ON CONFLICT, since that always goes by the index: a join would be planned by statistics, and those may be of a
    -- time when the mirror was empty.
    INSERT INTO outbox.mirror AS m
        (target, resource, key, remote_id, in_doubt, doubted, intent, sending, parents, gone, etag, confirmed_at, message_id, document)
    SELECT %(target)s, w.resource, w.key, w.remote_id, clock_timestamp() - make_interval(secs => w.in_doubt_s), w.doubted,
           w.intent, w.sending, w.parents, w.gone, w.etag, CASE WHEN w.status = 'done' THEN clock_timestamp() END,
           CASE WHEN w.status = 'done' THEN w.message_id END, w.held::jsonb
    FROM work AS w
    WHERE w.mirror = 'write'
    ON CONFLICT (target, resource, key) DO UPDATE
    SET remote_id = excluded.remote_id, doubted = false,
        in_doubt = CASE WHEN m.doubted AND NOT excluded.doubted THEN m.in_doubt ELSE excluded.in_doubt END,
        intent = CASE WHEN m.doubted AND NOT excluded.doubted THEN m.intent ELSE excluded.intent END,
        sending = CASE WHEN m.doubted AND NOT excluded.doubted THEN m.sending ELSE excluded.sending END,
        parents = excluded.parents, gone = excluded.gone, etag = excluded.etag, document = excluded.document,
        confirmed_at = coalesce(excluded.confirmed_at, m.confirmed_at),
        message_id = coalesce(excluded.message_id, m.message_id)
), spared AS (
    UPDATE outbox.mirror AS m SET doubted = false
    FROM work AS w
    WHERE w.mirror = 'delete' AND m.target = %(target)s AND m.resource = w.resource AND m.key = w.key AND m.doubted AND NOT w.doubted
      AND EXISTS (SELECT FROM work AS x WHERE x.mirror = 'delete')  -- as below
), removed AS (
    -- By its key and not by its place (ctid): who else writes the row at that moment, verify for one, moves it, and a
    -- place that was looked up before that is nobody's.
    DELETE FROM outbox.mirror AS m
    USING work AS w
    WHERE w.mirror = 'delete' AND m.target = %(target)s AND m.resource = w.resource AND m.key = w.key AND (w.doubted OR NOT m.doubted)
      -- asked once, before the mirror is read: by statistics of a time when it was empty all of it would be, each time
      AND EXISTS (SELECT FROM work AS x WHERE x.mirror = 'delete')
), used AS (
    -- What a register let pass was for this once: gone and back, it is judged anew.
    DELETE FROM outbox.passed AS p
    USING work AS w
    WHERE w.outcome IN ('created', 'updated', 'removed')
      AND p.target = %(target)s AND p.resource = w.resource AND p.call IN ('create', 'remove') AND p.key = w.key
      AND p.decision IS NOT NULL
), called AS (
    INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)
    SELECT a.message_id, %(target)s, a.resource, a.key, statement_timestamp() - make_interval(secs => a.ago_s), a.took_ms, a.method, a.path, a.http_status, a.error
    FROM jsonb_to_recordset(%(attempts)s) AS a (
        message_id bigint, resource text, key text[], ago_s float8, took_ms real, method text, path text,
        http_status integer, error text)
    WHERE (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[])  -- else doubt records them, once
)
SELECT (SELECT count(*) FROM lease) = cardinality(%(held)s::integer[]) AS leased, (SELECT count(*) FROM settled) AS settled
