-- What a relay did that had lost its lease: its calls may have landed after those of the relay that has the lane now.
-- It can settle nothing, so it says that the keys are in doubt again, and asks for each to be looked at. A delivery of
-- the other relay that is under way now does not end that (doubted, see settle).
WITH work AS (
    SELECT w.*
    FROM jsonb_to_recordset(%(work)s) AS w (
        resource text, key text[], remote_id text, intent text, sending text[], parents text[], message_id bigint)
), marked AS (
    INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, in_doubt, intent, doubted, sending, parents)
    SELECT %(target)s, w.resource, w.key, w.remote_id, clock_timestamp(), w.intent, true, w.sending, w.parents
    FROM work AS w
    ON CONFLICT (target, resource, key) DO UPDATE
    SET in_doubt = excluded.in_doubt,
        intent = outbox.noted_intent(m.intent, excluded.intent),
        doubted = true,
        remote_id = coalesce(m.remote_id, excluded.remote_id),
        sending = ARRAY(SELECT unnest(m.sending) UNION SELECT unnest(excluded.sending))
), called AS (
    INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)
    SELECT a.message_id, %(target)s, a.resource, a.key, statement_timestamp() - make_interval(secs => a.ago_s), a.took_ms, a.method, a.path,
           a.http_status, a.error
    FROM jsonb_to_recordset(%(attempts)s) AS a (
        message_id bigint, resource text, key text[], ago_s float8, took_ms real, method text, path text,
        http_status integer, error text)
)
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT %(target)s, w.resource, w.key, 'DRIFT', w.message_id
FROM work AS w
