-- The outbox's own schema. Runs once, in one transaction, by `outbox install` or by psql -1 -f.
-- A migration is never edited once released; what changes later comes in the next number.

CREATE SCHEMA outbox;
COMMENT ON SCHEMA outbox IS 'What changed, what the clouds hold, and what was sent: see outbox.message and outbox.mirror';

CREATE TABLE outbox.migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE outbox.migration IS 'The migrations that this schema has; its first row makes two installers collide at once';
-- First of all its own version: a second runner stops here, before it has done anything.
INSERT INTO outbox.migration (version, name) VALUES (1, 'outbox');

CREATE TABLE outbox.target (
    target       text PRIMARY KEY,
    active_since timestamptz,
    paused_at    timestamptz,
    why          text,
    down_since   timestamptz,
    down_why     text,
    probe_at     timestamptz,
    probes       integer NOT NULL DEFAULT 0,
    CONSTRAINT target_paused_says_why CHECK (paused_at IS NULL OR why IS NOT NULL),
    CONSTRAINT target_down_says_why CHECK (down_since IS NULL OR (down_why IS NOT NULL AND probe_at IS NOT NULL))
);
COMMENT ON TABLE outbox.target IS 'The cloud platforms; a target sends nothing until its first confirmed register';
COMMENT ON COLUMN outbox.target.active_since IS 'When the first register was confirmed; null: its messages wait';
COMMENT ON COLUMN outbox.target.paused_at IS 'Since when nothing is sent, by a person or because the platform forbids; null: not paused';
COMMENT ON COLUMN outbox.target.why IS 'Why it is paused';
COMMENT ON COLUMN outbox.target.down_since IS 'Since when the breaker is open: the platform as a whole fails, so nothing is sent but one call now and then; null: it answers';
COMMENT ON COLUMN outbox.target.down_why IS 'What the last failure said';
COMMENT ON COLUMN outbox.target.probe_at IS 'When the next single call is tried, by whichever relay comes first';
COMMENT ON COLUMN outbox.target.probes IS 'How many were tried; each failure doubles the pause';
INSERT INTO outbox.target (target) VALUES ('accountview_net'), ('visma_net');

CREATE TABLE outbox.pause (
    target    text NOT NULL REFERENCES outbox.target,
    resource  text NOT NULL DEFAULT '',
    company   text NOT NULL DEFAULT '',
    paused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    why       text NOT NULL,
    PRIMARY KEY (target, resource, company),
    CONSTRAINT pause_is_of_a_part CHECK (resource <> '' OR company <> '')
);
COMMENT ON TABLE outbox.pause IS
    'Parts of a target that nothing is sent for, by a person or because the platform forbids; a whole target: outbox.target. See outbox.pause(), outbox.resume()';
COMMENT ON COLUMN outbox.pause.resource IS 'Empty: all of them';
COMMENT ON COLUMN outbox.pause.company IS 'The company_code in the keys; empty: all companies';

-- What a message may say of itself. As domains and one function in place of CHECKs on the table: those are parsed anew by
-- every INSERT, and eight of them cost more than the insert itself (17 % of a captured single-row UPDATE).
CREATE DOMAIN outbox.message_status AS text
    CHECK (VALUE IN ('pending', 'done', 'held', 'dead'));
COMMENT ON DOMAIN outbox.message_status IS 'pending, done, held (a person decides), dead (refused, or out of attempts)';

CREATE DOMAIN outbox.message_outcome AS text
    CHECK (VALUE IN ('created', 'updated', 'removed', 'unchanged', 'not_ready', 'expanded', 'superseded', 'rejected', 'skipped'));
COMMENT ON DOMAIN outbox.message_outcome IS 'How a done message ended';

CREATE DOMAIN outbox.message_operation AS text
    CHECK (VALUE IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REGISTER', 'EXPAND', 'DRIFT'));
COMMENT ON DOMAIN outbox.message_operation IS 'Which statement, or who, wrote the message';

CREATE FUNCTION outbox.is_message(
    status text, outcome text, key text[], via jsonb, settled_at timestamptz, error text, document jsonb
)
    RETURNS boolean
    LANGUAGE plpgsql
    IMMUTABLE
AS $$
BEGIN
    RETURN (key IS NOT NULL OR via IS NOT NULL)
       AND (status = 'pending') = (settled_at IS NULL)
       AND (status = 'done') = (outcome IS NOT NULL)
       AND (status NOT IN ('held', 'dead') OR error IS NOT NULL)
       AND (document IS NULL OR outcome IN ('created', 'updated'));
END
$$;
COMMENT ON FUNCTION outbox.is_message IS
    'What goes with which status: settled_at unless pending, an outcome when done, the reason when held or dead, a document when created or updated; always a key or a via';

CREATE TABLE outbox.message (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status      outbox.message_status NOT NULL DEFAULT 'pending',
    outcome     outbox.message_outcome,
    target      text NOT NULL,
    resource    text NOT NULL,
    key         text[],
    via         jsonb,
    operation   outbox.message_operation NOT NULL,
    source      text,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by  text NOT NULL DEFAULT coalesce(nullif(current_setting('outbox.actor', true), ''), session_user),
    application text NOT NULL DEFAULT current_setting('application_name'),
    cause       bigint,
    attempts    integer NOT NULL DEFAULT 0,
    due_at      timestamptz,
    settled_at  timestamptz,
    http_status integer,
    error       text,
    document    jsonb,
    CONSTRAINT message_columns_go_with_status CHECK (outbox.is_message(status, outcome, key, via, settled_at, error, document))
);
COMMENT ON TABLE outbox.message IS
    'One row: something about this key may have changed. Keys, no documents: what is sent is read from the desired view when it is sent';
COMMENT ON COLUMN outbox.message.id IS 'Order of writing, not of committing; gaps are normal';
COMMENT ON COLUMN outbox.message.status IS 'pending, done, held (a person decides), dead (refused, or out of attempts)';
COMMENT ON COLUMN outbox.message.outcome IS 'How a done message ended';
COMMENT ON COLUMN outbox.message.target IS 'The cloud platform; schema of the desired view';
COMMENT ON COLUMN outbox.message.resource IS 'The kind of thing; name of the desired view';
COMMENT ON COLUMN outbox.message.key IS 'Values of the key columns; a shorter array is a prefix, {} is every row; null: see via';
COMMENT ON COLUMN outbox.message.via IS
    'In place of a key: {"follow": function, "start": {column: value}} leads through joins to the first key column; "key": {key column: value} is what is known of the key itself. When it led to one full key, that stands in key';
COMMENT ON COLUMN outbox.message.operation IS 'INSERT UPDATE DELETE TRUNCATE: the statement; REGISTER: a person; EXPAND: from another message (cause); DRIFT: the table is not as installed';
COMMENT ON COLUMN outbox.message.source IS 'The table that changed';
COMMENT ON COLUMN outbox.message.transaction IS 'The transaction that changed it';
COMMENT ON COLUMN outbox.message.changed_at IS 'When the change was made (not committed)';
COMMENT ON COLUMN outbox.message.changed_by IS 'Who: the session''s setting outbox.actor when given, else session_user';
COMMENT ON COLUMN outbox.message.application IS 'application_name of the session';
COMMENT ON COLUMN outbox.message.cause IS 'The message this one was expanded from';
COMMENT ON COLUMN outbox.message.attempts IS 'Deliveries begun';
COMMENT ON COLUMN outbox.message.due_at IS 'Not before; null: at once';
COMMENT ON COLUMN outbox.message.settled_at IS 'When it became done, held or dead';
COMMENT ON COLUMN outbox.message.http_status IS 'The target''s last answer';
COMMENT ON COLUMN outbox.message.error IS 'Why it is held, dead, waiting or not ready, in words';
COMMENT ON COLUMN outbox.message.document IS 'What was sent; dropped after the retention time';

-- What the relay claims: the backlog by transaction, and what has come since a snapshot.
CREATE INDEX message_pending ON outbox.message (target, transaction, id) WHERE status = 'pending';
-- What is not done about a key, or below a prefix (all arrays from {a} up to, not including, {a, NULL}).
CREATE INDEX message_open ON outbox.message (target, resource, key) WHERE status <> 'done' AND key IS NOT NULL;
-- Back-offs; few rows at any time.
CREATE INDEX message_due ON outbox.message (target, due_at) WHERE status = 'pending' AND due_at IS NOT NULL;
-- What prune takes the documents out of; as many rows as are kept with one.
CREATE INDEX message_document ON outbox.message (settled_at) WHERE document IS NOT NULL;
-- Millions of small rows are settled by updates: vacuum by count, early, and leave room for updates in place.
ALTER TABLE outbox.message SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE TABLE outbox.mirror (
    target       text NOT NULL,
    resource     text NOT NULL,
    key          text[] NOT NULL,
    remote_id    text,
    in_doubt     timestamptz,
    intent       text,
    sending      text[] NOT NULL DEFAULT '{}',
    parents      text[] NOT NULL DEFAULT '{}',
    etag         text,
    confirmed_at timestamptz,
    message_id   bigint,
    document     jsonb,
    PRIMARY KEY (target, resource, key),
    CONSTRAINT mirror_intent CHECK (intent IN ('create', 'update', 'remove'))
);
COMMENT ON TABLE outbox.mirror IS 'What each target has acknowledged to hold';
COMMENT ON COLUMN outbox.mirror.key IS 'Values of the key columns, all of them';
COMMENT ON COLUMN outbox.mirror.remote_id IS 'The target''s id; access: tenant/user, app access: tenant/user/app; null: a create whose outcome is not known yet';
COMMENT ON COLUMN outbox.mirror.in_doubt IS 'Since when a call is under way or its outcome unknown; null: the row is certain';
COMMENT ON COLUMN outbox.mirror.intent IS 'What the call in doubt was to do';
COMMENT ON COLUMN outbox.mirror.sending IS 'Natural keys (e-mail, external id) of every attempt that is not cleared up';
COMMENT ON COLUMN outbox.mirror.parents IS 'Remote ids of the parents when it was sent; another one now means: send again';
COMMENT ON COLUMN outbox.mirror.etag IS 'The target''s version, for If-Match';
COMMENT ON COLUMN outbox.mirror.confirmed_at IS 'The target''s last acknowledgement';
COMMENT ON COLUMN outbox.mirror.message_id IS 'The message that brought this state';
COMMENT ON COLUMN outbox.mirror.document IS 'What the target acknowledged; null: not known, send it whole';

CREATE INDEX mirror_remote ON outbox.mirror (remote_id, target, resource);
CREATE INDEX mirror_email ON outbox.mirror (target, lower(document ->> 'email')) WHERE resource = 'users';

CREATE TABLE outbox.attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id  bigint NOT NULL,
    target      text NOT NULL,
    resource    text NOT NULL,
    key         text[] NOT NULL,
    started_at  timestamptz NOT NULL,
    took_ms     real NOT NULL,
    method      text NOT NULL,
    path        text NOT NULL,
    http_status integer,
    error       text
);
COMMENT ON TABLE outbox.attempt IS 'One row per call to a cloud: what left the building, when, and the answer. No bodies';
COMMENT ON COLUMN outbox.attempt.path IS 'Path without the query, which may hold an e-mail address';
COMMENT ON COLUMN outbox.attempt.http_status IS 'Null: no answer';
CREATE INDEX attempt_message ON outbox.attempt (message_id);

CREATE TABLE outbox.decision (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at timestamptz NOT NULL DEFAULT now(),
    decided_by text NOT NULL DEFAULT coalesce(nullif(current_setting('outbox.actor', true), ''), session_user),
    decision   text NOT NULL CHECK (decision IN
        ('register', 'approve', 'reject', 'skip', 'retry', 'link', 'unlink', 'pause', 'resume', 'adopt')),
    target     text,
    resource   text,
    key        text[],
    message_id bigint,
    why        text
);
COMMENT ON TABLE outbox.decision IS 'What a person decided: who, when, why, on what';

CREATE TABLE outbox.application (
    target       text NOT NULL,
    app_code     text NOT NULL,
    name         text NOT NULL,
    vendor       text,
    vanished_at  timestamptz,
    refreshed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (target, app_code)
);
COMMENT ON TABLE outbox.application IS 'The apps that a target offers, third parties'' included, as last pulled';
COMMENT ON COLUMN outbox.application.vanished_at IS 'Since when the target no longer lists it';

CREATE TABLE outbox.lease (
    target     text NOT NULL REFERENCES outbox.target,
    lane       integer NOT NULL DEFAULT 0,
    holder     text,
    epoch      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (target, lane)
);
COMMENT ON TABLE outbox.lease IS 'One active relay per target and lane; a relay of an older epoch can settle nothing';
INSERT INTO outbox.lease (target) VALUES ('accountview_net'), ('visma_net');

CREATE TABLE outbox.bell (
    holder text PRIMARY KEY,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE outbox.bell IS 'The relays that are asleep: capture sends NOTIFY only while there is a row';

CREATE TABLE outbox.rate (
    target     text NOT NULL,
    company    text NOT NULL DEFAULT '',
    not_before timestamptz,
    capacity   integer,
    remaining  integer,
    resets_at  timestamptz,
    window_s   float8,
    PRIMARY KEY (target, company)
);
COMMENT ON TABLE outbox.rate IS
    'What the clouds said about their limits, shared by all relays; company '''' is the whole target. A relay takes calls out of `remaining` before it makes them, many at a time while there are many';
COMMENT ON COLUMN outbox.rate.not_before IS 'Retry-After: nothing is sent before';
COMMENT ON COLUMN outbox.rate.capacity IS 'Calls in a window; null: no limit was ever announced';
COMMENT ON COLUMN outbox.rate.remaining IS 'Calls of this window that no relay has taken yet';
COMMENT ON COLUMN outbox.rate.resets_at IS 'When the window has surely ended; the next one to ask then begins a new one';
COMMENT ON COLUMN outbox.rate.window_s IS 'How long a window is, as far as seen (the most seconds that were ever left of one)';

CREATE TABLE outbox.manifest (
    kind       text NOT NULL,
    name       text NOT NULL,
    hash       text NOT NULL,
    version    text NOT NULL,
    facts      jsonb,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE outbox.manifest IS 'Every object that install made or relies on, with the hash of its definition then';
COMMENT ON COLUMN outbox.manifest.facts IS 'What check compares: columns with number, name and type, dependencies, warnings';

CREATE TABLE outbox.identity (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    system_identifier bigint NOT NULL,
    database          oid NOT NULL,
    timeline          integer NOT NULL,
    adopted_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE outbox.identity IS 'The database this outbox belongs to: a restored copy must not provision production';

-- As sql/capture/ring.sql, which `install` keeps it equal to: register() has to ring before anything is captured.
CREATE FUNCTION outbox.ring()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
BEGIN
    IF current_setting('transaction_isolation') IN ('read committed', 'read uncommitted')
       AND NOT EXISTS (SELECT FROM outbox.bell) THEN
        RETURN;
    END IF;
    IF current_setting('max_prepared_transactions')::integer = 0 AND pg_notification_queue_usage() <= 0.5 THEN
        NOTIFY outbox;
    END IF;
END
$outbox$;
COMMENT ON FUNCTION outbox.ring IS 'Wake the relays that are asleep';
REVOKE EXECUTE ON FUNCTION outbox.ring FROM PUBLIC;

CREATE FUNCTION outbox.register(target text, resource text DEFAULT NULL, key text[] DEFAULT '{}')
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM outbox.target AS t WHERE t.target = register.target) THEN
        RAISE EXCEPTION 'there is no target %', register.target
            USING HINT = 'targets are accountview_net and visma_net', ERRCODE = 'invalid_parameter_value';
    END IF;
    IF register.resource IS NOT NULL AND to_regclass(format('%I.%I', register.target, register.resource)) IS NULL THEN
        RAISE EXCEPTION 'there is no desired view %.%', register.target, register.resource
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO outbox.decision (decision, target, resource, key)
    VALUES ('register', register.target, register.resource, register.key);
    RETURN QUERY
        INSERT INTO outbox.message (target, resource, key, operation)
        SELECT register.target, r.resource, register.key, 'REGISTER'
        FROM (VALUES (1, 'users'), (2, 'companies'), (3, 'company_access'), (4, 'app_access'),
                     (5, 'projects'), (6, 'cost_types'), (7, 'cost_centres')) AS r (place, resource)
        WHERE to_regclass(format('%I.%I', register.target, r.resource)) IS NOT NULL
          AND (register.resource IS NULL OR register.resource = r.resource)
        ORDER BY r.place
        RETURNING id;
    PERFORM outbox.ring();
END
$$;
COMMENT ON FUNCTION outbox.register IS
    'Registreren: recheck one key, everything below a prefix, a resource, or (resource null) a whole target; answers the message ids';
REVOKE EXECUTE ON FUNCTION outbox.register FROM PUBLIC;

CREATE FUNCTION outbox.pause(target text, resource text DEFAULT NULL, company text DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    paused boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox.target AS t WHERE t.target = pause.target) THEN
        RAISE EXCEPTION 'there is no target %', pause.target
            USING HINT = 'targets are accountview_net and visma_net', ERRCODE = 'invalid_parameter_value';
    END IF;
    IF btrim(coalesce(pause.reason, '')) = '' THEN
        RAISE EXCEPTION 'a pause needs a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF pause.resource IS NOT NULL AND pause.resource NOT IN (
        'users', 'companies', 'company_access', 'app_access', 'projects', 'cost_types', 'cost_centres') THEN
        RAISE EXCEPTION 'there is no resource %', pause.resource
            USING HINT = 'as in the names of the desired views', ERRCODE = 'invalid_parameter_value';
    END IF;
    IF pause.company IS NOT NULL AND pause.resource = 'users' THEN
        RAISE EXCEPTION 'a user belongs to no company' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF pause.resource IS NULL AND pause.company IS NULL THEN
        UPDATE outbox.target AS t
        SET paused_at = clock_timestamp(), why = pause.reason
        WHERE t.target = pause.target AND t.paused_at IS NULL;
    ELSE
        INSERT INTO outbox.pause AS p (target, resource, company, why)
        VALUES (pause.target, coalesce(pause.resource, ''), coalesce(pause.company, ''), pause.reason)
        ON CONFLICT DO NOTHING;
    END IF;
    paused := FOUND;
    IF paused THEN
        INSERT INTO outbox.decision (decision, target, resource, key, why)
        VALUES ('pause', pause.target, pause.resource, CASE WHEN pause.company IS NOT NULL THEN ARRAY[pause.company] END, pause.reason);
        PERFORM outbox.ring();
    END IF;
    RETURN paused;
END
$$;
COMMENT ON FUNCTION outbox.pause(text, text, text, text) IS
    'Send nothing for a target, one resource of it, or what has this company in its key; false: it is paused already';
REVOKE EXECUTE ON FUNCTION outbox.pause(text, text, text, text) FROM PUBLIC;

CREATE FUNCTION outbox.resume(target text, resource text DEFAULT NULL, company text DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    resumed boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox.target AS t WHERE t.target = resume.target) THEN
        RAISE EXCEPTION 'there is no target %', resume.target
            USING HINT = 'targets are accountview_net and visma_net', ERRCODE = 'invalid_parameter_value';
    END IF;
    IF resume.resource IS NULL AND resume.company IS NULL THEN
        UPDATE outbox.target AS t
        SET paused_at = NULL, why = NULL, probe_at = CASE WHEN t.down_since IS NOT NULL THEN clock_timestamp() END
        WHERE t.target = resume.target AND (t.paused_at IS NOT NULL OR t.down_since IS NOT NULL);
    ELSE
        DELETE FROM outbox.pause AS p
        WHERE p.target = resume.target
          AND p.company = coalesce(resume.company, '')
          AND (p.resource = coalesce(resume.resource, '') OR resume.resource IS NULL);
    END IF;
    resumed := FOUND;
    IF resumed THEN
        INSERT INTO outbox.decision (decision, target, resource, key, why)
        VALUES ('resume', resume.target, resume.resource, CASE WHEN resume.company IS NOT NULL THEN ARRAY[resume.company] END, resume.reason);
        -- What was put off because of the pause is due now.
        UPDATE outbox.message AS m
        SET due_at = clock_timestamp()
        WHERE m.target = resume.target AND m.status = 'pending' AND m.due_at > clock_timestamp()
          AND (resume.resource IS NULL OR m.resource = resume.resource)
          AND (resume.company IS NULL OR resume.company = ANY (m.key));
        PERFORM outbox.ring();
    END IF;
    RETURN resumed;
END
$$;
COMMENT ON FUNCTION outbox.resume(text, text, text, text) IS
    'Send again, now: what was paused by outbox.pause or by the platform. A company without a resource: all of its pauses. A target that does not answer is tried at once. False: nothing was paused';
REVOKE EXECUTE ON FUNCTION outbox.resume(text, text, text, text) FROM PUBLIC;
