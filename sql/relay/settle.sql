-- The outcome of some deliveries: messages, mirror and attempts in one transaction, under the lease.
-- `mirror` says what becomes of the mirror row: set (the target acknowledged this), found (a look found the remote
-- id, the document is not known), restore (nothing was applied: as it was before the intent), doubt (the outcome is
-- not known, from now on), delete, keep.
WITH lease AS (
    SELECT FROM outbox.lease AS l
    WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.epoch = %(epoch)s
    FOR SHARE
), work AS (
    SELECT w.*
    FROM jsonb_to_recordset(%(work)s) AS w (
        resource text, key text[], ids bigint[], message_id bigint,
        status text, outcome text, http_status integer, error text, wait_s float8, uncounted boolean, document text,
        mirror text, remote_id text, etag text, parents text[], in_doubt_s float8, sending text[])
    WHERE EXISTS (SELECT FROM lease)
), settled AS (
    UPDATE outbox.message AS m
    SET status = w.status,
        -- what was stuck before is over now, but it was not this delivery that it asked for
        outcome = CASE WHEN w.status = 'done' AND m.status <> 'pending' THEN 'superseded' ELSE w.outcome END,
        http_status = w.http_status,
        error = w.error,
        attempts = m.attempts - CASE WHEN w.uncounted THEN 1 ELSE 0 END,
        due_at = clock_timestamp() + make_interval(secs => w.wait_s),
        settled_at = CASE WHEN w.status <> 'pending' THEN clock_timestamp() END,
        document = CASE WHEN m.id = w.message_id AND w.outcome IN ('created', 'updated') THEN w.document::jsonb END
    FROM work AS w, unnest(w.ids) AS u (id)
    WHERE m.id = u.id AND (m.status = 'pending' OR w.status = 'done')
    RETURNING m.id
), acknowledged AS (
    INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, etag, parents, confirmed_at, message_id, document)
    SELECT %(target)s, w.resource, w.key, w.remote_id, w.etag, coalesce(w.parents, '{}'), clock_timestamp(), w.message_id, w.document::jsonb
    FROM work AS w
    WHERE w.mirror = 'set'
    ON CONFLICT (target, resource, key) DO UPDATE
    SET remote_id = excluded.remote_id, etag = excluded.etag, parents = excluded.parents, in_doubt = NULL, sending = '{}',
        confirmed_at = excluded.confirmed_at, message_id = excluded.message_id, document = excluded.document
), found AS (
    -- `sending` stays until an update is acknowledged: which of these e-mails the user has is not known yet
    UPDATE outbox.mirror AS m
    SET remote_id = w.remote_id, document = NULL, etag = NULL, in_doubt = NULL
    FROM work AS w
    WHERE w.mirror = 'found' AND m.target = %(target)s AND m.resource = w.resource AND m.key = w.key
), restored AS (
    UPDATE outbox.mirror AS m
    SET in_doubt = CASE w.mirror WHEN 'doubt' THEN clock_timestamp()
                                 ELSE clock_timestamp() - make_interval(secs => w.in_doubt_s) END,
        sending = CASE w.mirror WHEN 'doubt' THEN m.sending ELSE w.sending END
    FROM work AS w
    WHERE w.mirror IN ('restore', 'doubt') AND m.target = %(target)s AND m.resource = w.resource AND m.key = w.key
), removed AS (
    DELETE FROM outbox.mirror AS m
    USING work AS w
    WHERE w.mirror = 'delete' AND m.target = %(target)s AND m.resource = w.resource AND m.key = w.key
), called AS (
    INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)
    SELECT a.message_id, %(target)s, a.resource, a.key, to_timestamp(a.started_at), a.took_ms, a.method, a.path, a.http_status, a.error
    FROM jsonb_to_recordset(%(attempts)s) AS a (
        message_id bigint, resource text, key text[], started_at float8, took_ms real, method text, path text,
        http_status integer, error text)
)
SELECT EXISTS (SELECT FROM lease) AS leased, (SELECT count(*) FROM settled) AS settled
