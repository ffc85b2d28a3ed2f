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
    verify_since timestamptz,
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
COMMENT ON COLUMN outbox.target.verify_since IS
    'Set by adopt and by a fail-over: what the mirror had before may not be true. Until `outbox verify` has compared all of it, none of that counts as unchanged';
INSERT INTO outbox.target (target) VALUES ('accountview_net'), ('visma_net');

CREATE VIEW outbox.resource AS
SELECT r.place, r.resource, r.key_columns
FROM (VALUES (1, 'users', ARRAY['user_code']), (2, 'companies', ARRAY['company_code']),
             (3, 'company_access', ARRAY['user_code', 'company_code']),
             (4, 'app_access', ARRAY['user_code', 'company_code', 'app_code']),
             (5, 'projects', ARRAY['company_code', 'project_code']),
             (6, 'cost_types', ARRAY['company_code', 'cost_type_code']),
             (7, 'cost_centres', ARRAY['company_code', 'cost_centre_code'])) AS r (place, resource, key_columns);
COMMENT ON VIEW outbox.resource IS 'The kinds of things that a target may hold, parents before children, and their key columns; what hangs on a user or a company has his or its key column in its own key';

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

-- What a message may say of itself. As domains and one function of the whole row in place of CHECKs on the table: those
-- are parsed and planned anew by every INSERT, the more the longer they are (eight of them took 17 % of a captured
-- single-row UPDATE).
CREATE DOMAIN outbox.message_status AS text
    CHECK (VALUE IN ('pending', 'done', 'held', 'dead'));
COMMENT ON DOMAIN outbox.message_status IS 'pending, done, held (a person decides), dead (refused, or out of attempts)';

CREATE DOMAIN outbox.message_outcome AS text
    CHECK (VALUE IN ('created', 'updated', 'removed', 'unchanged', 'not_ready', 'expanded', 'superseded', 'rejected', 'skipped'));
COMMENT ON DOMAIN outbox.message_outcome IS 'How a done message ended';

CREATE DOMAIN outbox.message_operation AS text
    CHECK (VALUE IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REGISTER', 'EXPAND', 'DRIFT'));
COMMENT ON DOMAIN outbox.message_operation IS 'Which statement, or who, wrote the message';

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
    approved    text[],
    withheld    text,
    batch       bigint,
    row_hash    text,
    document    jsonb
);

CREATE FUNCTION outbox.is_message(m outbox.message)
    RETURNS boolean
    LANGUAGE plpgsql
    IMMUTABLE
AS $$
BEGIN
    -- Most of them, and all that a writer waits for.
    IF m.status = 'pending' THEN
        RETURN num_nonnulls(m.outcome, m.settled_at, m.document) = 0 AND num_nonnulls(m.key, m.via) > 0;
    END IF;
    RETURN m.settled_at IS NOT NULL
       AND (m.key IS NOT NULL OR m.via IS NOT NULL)
       AND (m.status = 'done') = (m.outcome IS NOT NULL)
       AND (m.status NOT IN ('held', 'dead') OR m.error IS NOT NULL)
       AND (m.document IS NULL OR m.outcome IN ('created', 'updated'));
END
$$;
COMMENT ON FUNCTION outbox.is_message IS
    'What goes with which status: settled_at unless pending, an outcome when done, the reason when held or dead, a document when created or updated; always a key or a via';
ALTER TABLE outbox.message ADD CONSTRAINT message_columns_go_with_status CHECK (outbox.is_message(message));

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
COMMENT ON COLUMN outbox.message.operation IS 'INSERT UPDATE DELETE TRUNCATE: the statement; REGISTER: a person; EXPAND: from another message (cause); DRIFT: the table is not as installed, or (with a full key) a relay that had lost its lease ended a call';
COMMENT ON COLUMN outbox.message.source IS 'The table that changed';
COMMENT ON COLUMN outbox.message.transaction IS 'The transaction that changed it';
COMMENT ON COLUMN outbox.message.changed_at IS 'When the change was made (not committed)';
COMMENT ON COLUMN outbox.message.changed_by IS 'Who: the session''s setting outbox.actor when given, else session_user';
COMMENT ON COLUMN outbox.message.application IS 'application_name of the session';
COMMENT ON COLUMN outbox.message.cause IS 'The message this one was expanded from';
COMMENT ON COLUMN outbox.message.attempts IS 'Deliveries begun; of messages that go out together the newest counts them';
COMMENT ON COLUMN outbox.message.due_at IS 'Not before; null: at once';
COMMENT ON COLUMN outbox.message.settled_at IS 'When it became done, held or dead';
COMMENT ON COLUMN outbox.message.http_status IS 'The target''s last answer';
COMMENT ON COLUMN outbox.message.error IS 'Why it is held, dead, waiting or not ready, in words';
COMMENT ON COLUMN outbox.message.approved IS 'What a person allowed for this key when he wrote the message (approve; register of one key): create, update, remove, recreate. Ends with the message';
COMMENT ON COLUMN outbox.message.withheld IS 'Held: what an approval would let pass; null: nothing that an approval could settle (an e-mail that two share, a key that the view has twice)';
COMMENT ON COLUMN outbox.message.batch IS 'Held by a brake: the number of what it held together, to approve or reject at once';
COMMENT ON COLUMN outbox.message.row_hash IS 'Held: md5 of the row as it was then, null where there was none. A reject holds as long as the row is like that';
COMMENT ON COLUMN outbox.message.document IS 'What was sent; dropped after the retention time';

-- What the relay claims: the backlog by transaction, and what has come since a snapshot.
CREATE INDEX message_pending ON outbox.message (target, transaction, id) WHERE status = 'pending';
-- What is not done about a key, or below a prefix (all arrays from {a} up to, not including, {a, NULL}).
CREATE INDEX message_open ON outbox.message (target, resource, key) WHERE status <> 'done' AND key IS NOT NULL;
-- What was done stays as it is: the relay may settle a message, not change how it ended. Only the owner's functions may
-- (dropping documents after their time, erasing a person). AFTER, since a BEFORE trigger locks every row once more.
CREATE FUNCTION outbox.keep_settled()
    RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'message % is done and cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION outbox.keep_settled IS 'Refuses to change a message that is done, but for the owner of the outbox';
CREATE TRIGGER message_keep_settled
    AFTER UPDATE ON outbox.message
    FOR EACH ROW WHEN (OLD.status = 'done') EXECUTE FUNCTION outbox.keep_settled();

-- What a writer never adds to, since every index costs each of his statements, also one that is not for his rows:
-- back-offs, and what needs a person. Few rows at any time.
CREATE INDEX message_put_off ON outbox.message (target, due_at)
    WHERE status <> 'done' AND (status <> 'pending' OR due_at IS NOT NULL);
-- What a person registered: few rows, and the way into outbox.register_result.
CREATE INDEX message_register ON outbox.message (id) WHERE operation = 'REGISTER' AND cause IS NULL;
-- Millions of small rows are settled by updates: vacuum by count, early, and leave room for updates in place.
ALTER TABLE outbox.message SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE TABLE outbox.mirror (
    target       text NOT NULL,
    resource     text NOT NULL,
    key          text[] NOT NULL,
    remote_id    text,
    in_doubt     timestamptz,
    intent       text,
    doubted      boolean NOT NULL DEFAULT false,
    sending      text[] NOT NULL DEFAULT '{}',
    parents      text[] NOT NULL DEFAULT '{}',
    unlinked     boolean NOT NULL DEFAULT false,
    gone         boolean NOT NULL DEFAULT false,
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
COMMENT ON COLUMN outbox.mirror.intent IS 'What the call in doubt was to do; see outbox.noted_intent';
COMMENT ON COLUMN outbox.mirror.doubted IS
    'Put in doubt by somebody else since its call was begun (register --force, a relay that had lost its lease): the end of that call does not end the doubt';
COMMENT ON COLUMN outbox.mirror.sending IS 'Natural keys (e-mail, external id) of every attempt that is not cleared up';
COMMENT ON COLUMN outbox.mirror.parents IS 'Remote ids of the parents when it was sent; another one now means: send again';
COMMENT ON COLUMN outbox.mirror.unlinked IS 'A person says that this is somebody else: it is removed, and made anew where the view has the key';
COMMENT ON COLUMN outbox.mirror.gone IS 'The target knows it no longer: held until a person has it created again, and no parent for what hangs on it';
COMMENT ON COLUMN outbox.mirror.etag IS 'The target''s version, for If-Match';
COMMENT ON COLUMN outbox.mirror.confirmed_at IS 'The target''s last acknowledgement';
COMMENT ON COLUMN outbox.mirror.message_id IS 'The message that brought this state';
COMMENT ON COLUMN outbox.mirror.document IS 'What the target acknowledged; null: not known, send it whole';

CREATE FUNCTION outbox.noted_intent(noted text, intent text)
    RETURNS text
    LANGUAGE sql
    IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN noted = 'remove' AND intent = 'update' THEN noted ELSE intent END;
COMMENT ON FUNCTION outbox.noted_intent IS
    'The intent of a mirror row when another call is begun: a removal stays noted while an update is tried after it, since who is not found by that may be gone by the removal';

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
COMMENT ON COLUMN outbox.attempt.http_status IS 'Null: no answer, or a call of which no relay lived to record anything: then error says so';
CREATE INDEX attempt_message ON outbox.attempt (message_id);
CREATE INDEX attempt_started ON outbox.attempt USING brin (started_at);

CREATE TABLE outbox.decision (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at timestamptz NOT NULL DEFAULT now(),
    decided_by text NOT NULL DEFAULT coalesce(nullif(current_setting('outbox.actor', true), ''), session_user),
    decision   text NOT NULL CHECK (decision IN
        ('register', 'approve', 'reject', 'skip', 'retry', 'link', 'unlink', 'pause', 'resume', 'adopt', 'erase')),
    target     text,
    resource   text,
    key        text[],
    message_id bigint,
    why        text
);
COMMENT ON TABLE outbox.decision IS 'What a person decided: who, when, why, on what';
COMMENT ON COLUMN outbox.decision.message_id IS 'approve, reject, retry, skip: the newest message that was stuck';

CREATE TABLE outbox.passed (
    target    text NOT NULL,
    resource  text NOT NULL,
    call      text NOT NULL,
    key       text[] NOT NULL,
    passed_at timestamptz NOT NULL DEFAULT now(),
    decision  bigint REFERENCES outbox.decision,
    row_hash  text,
    PRIMARY KEY (target, resource, call, key),
    CONSTRAINT passed_call CHECK (call IN ('create', 'remove'))
);
COMMENT ON TABLE outbox.passed IS
    'What the brakes let pass within the last hour, each key once (by a register: within the last day, until it has gone). Written before the call begins, under a lock on the row of outbox.target';
COMMENT ON COLUMN outbox.passed.decision IS 'The register whose preview showed it, which is not counted; null: counted';
COMMENT ON COLUMN outbox.passed.row_hash IS 'md5 of the row as it was then, null where there was none';

CREATE TABLE outbox.approval (
    decision   bigint NOT NULL REFERENCES outbox.decision,
    target     text NOT NULL,
    resource   text NOT NULL,
    call       text NOT NULL,
    key        text[] NOT NULL,
    shown      integer NOT NULL,
    found      integer,
    applied_at timestamptz,
    PRIMARY KEY (decision, resource, call),
    CONSTRAINT approval_call CHECK (call IN ('create', 'remove')),
    CONSTRAINT approval_shows_some CHECK (shown > 0)
);
COMMENT ON TABLE outbox.approval IS 'What the preview of a confirmed register showed, and so was approved: as many calls of a kind, below a key';
COMMENT ON COLUMN outbox.approval.key IS 'Below it: {} is the whole resource';
COMMENT ON COLUMN outbox.approval.shown IS 'How many the preview counted';
COMMENT ON COLUMN outbox.approval.found IS 'How many there were when the first of them was due; what is above `shown` counts for the brake, and what is above its limit too makes the approval void';
COMMENT ON COLUMN outbox.approval.applied_at IS 'When the first of them was due; null: not yet';
CREATE INDEX approval_open ON outbox.approval (target, resource, call) WHERE applied_at IS NULL;

CREATE TABLE outbox.rejection (
    target   text NOT NULL,
    resource text NOT NULL,
    key      text[] NOT NULL,
    row_hash text,
    decision bigint NOT NULL REFERENCES outbox.decision,
    PRIMARY KEY (target, resource, key)
);
COMMENT ON TABLE outbox.rejection IS
    'What a person rejected: the cloud stays as it is for this key until its row is another, or somebody approves or registers';
COMMENT ON COLUMN outbox.rejection.row_hash IS 'md5 of the row that was rejected; null: a removal was, there is no row';

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

CREATE TABLE outbox.not_ours (
    target     text NOT NULL REFERENCES outbox.target,
    resource   text NOT NULL,
    remote_id  text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    decided_by text NOT NULL DEFAULT coalesce(nullif(current_setting('outbox.actor', true), ''), session_user),
    PRIMARY KEY (target, resource, remote_id)
);
COMMENT ON TABLE outbox.not_ours IS
    'Objects of a cloud that a person said are none of ours, though a name or a number is the same: never linked by itself';

CREATE TABLE outbox.verified (
    target      text NOT NULL REFERENCES outbox.target,
    resource    text NOT NULL,
    result      text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    listed      bigint NOT NULL,
    missing     bigint NOT NULL,
    different   bigint NOT NULL,
    unmanaged   bigint NOT NULL,
    set_back    bigint NOT NULL,
    why         text,
    PRIMARY KEY (target, resource),
    CONSTRAINT verified_result CHECK (result IN ('equal', 'different', 'unknown')),
    CONSTRAINT verified_unknown_says_why CHECK ((result = 'unknown') = (why IS NOT NULL))
);
COMMENT ON TABLE outbox.verified IS 'What the last verify of each resource found; outbox verify lists the objects themselves';
COMMENT ON COLUMN outbox.verified.result IS 'equal; different; unknown: the cloud''s list could not be read whole, so nothing is concluded';
COMMENT ON COLUMN outbox.verified.listed IS 'Objects that the cloud listed';
COMMENT ON COLUMN outbox.verified.missing IS 'Should be in the cloud and are not';
COMMENT ON COLUMN outbox.verified.different IS 'Are in the cloud, but not as they should be';
COMMENT ON COLUMN outbox.verified.unmanaged IS 'Are in the cloud, and nobody here made them; never touched';
COMMENT ON COLUMN outbox.verified.set_back IS 'Keys for which verify --repair wrote a message';
COMMENT ON COLUMN outbox.verified.why IS 'Why it is unknown';

CREATE TABLE outbox.lease (
    target       text NOT NULL REFERENCES outbox.target,
    lane         integer NOT NULL DEFAULT 0,
    holder       text,
    epoch        bigint NOT NULL DEFAULT 0,
    expires_at   timestamptz NOT NULL DEFAULT '-infinity',
    abandoned_at timestamptz,
    PRIMARY KEY (target, lane)
);
COMMENT ON TABLE outbox.lease IS 'The lanes of each target, and the relay that has each; a relay of an older epoch can settle nothing. How many there are: outbox.set_lanes';
COMMENT ON COLUMN outbox.lease.lane IS 'Which messages: see outbox.lane';
COMMENT ON COLUMN outbox.lease.holder IS 'Who has it, or had it last';
COMMENT ON COLUMN outbox.lease.epoch IS 'Goes up with every new holder, and when its holder lost a connection: what that was saying settles nothing';
COMMENT ON COLUMN outbox.lease.expires_at IS 'Until when it is his; in the past: free';
COMMENT ON COLUMN outbox.lease.abandoned_at IS 'When the lease of a holder ran out who did not hand over: until then his calls may have been under way, so no doubt counts from before';
INSERT INTO outbox.lease (target) VALUES ('accountview_net'), ('visma_net');

CREATE TABLE outbox.relay (
    target     text NOT NULL REFERENCES outbox.target,
    holder     text NOT NULL,
    since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (target, holder)
);
COMMENT ON TABLE outbox.relay IS 'The relays that are at work or stand by: those alive share the lanes of a target to within one, the oldest have the odd ones';
COMMENT ON COLUMN outbox.relay.expires_at IS 'In the past: it is gone, or cannot reach the database';

-- The one place that says which lane a message has. All of the identity API is lane 0, on purpose: who a user is, whose
-- object passes to whom and which remote id is shared needs one judge, and that API has one budget for all of a target.
-- In the ERP companies have nothing to do with each other, so there the first key column decides. A message that names
-- no key yet has a lane as well, so that exactly one relay expands it; that may be another one than its keys have.
-- Not stored: the number of lanes may change while messages wait, and writers should not pay for it.
CREATE FUNCTION outbox.lane(resource text, key text[], via jsonb, lanes integer)
    RETURNS integer
    LANGUAGE sql
    IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN resource IN ('projects', 'cost_types', 'cost_centres')
        THEN (hashtext(coalesce(key[1], via::text, '')) & 2147483647) % lanes
    ELSE 0
END;
COMMENT ON FUNCTION outbox.lane IS 'The lane of a message, of `lanes` in all: users, companies and access are lane 0, the rest goes by the first key column';

CREATE FUNCTION outbox.require_target(target text)
    RETURNS void
    LANGUAGE plpgsql
    STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM outbox.target AS t WHERE t.target = require_target.target) THEN
        RAISE EXCEPTION 'there is no target %', require_target.target
            USING HINT = 'targets are accountview_net and visma_net', ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.require_target IS 'Raises where there is no such target';

CREATE FUNCTION outbox.set_lanes(target text, lanes integer)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    last_epoch bigint;
    abandoned  timestamptz;
BEGIN
    IF set_lanes.lanes NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'a target has 1 to 64 lanes, not %', set_lanes.lanes USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM outbox.require_target(set_lanes.target);
    PERFORM FROM outbox.lease AS l WHERE l.target = set_lanes.target ORDER BY l.lane FOR UPDATE;
    IF set_lanes.lanes = (SELECT count(*) FROM outbox.lease AS l WHERE l.target = set_lanes.target) THEN
        RETURN;
    END IF;
    -- Two relays that count differently would both take the same key for theirs, or neither.
    IF EXISTS (SELECT FROM outbox.lease AS l WHERE l.target = set_lanes.target AND l.expires_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'the lanes of % cannot change while a relay has them', set_lanes.target
            USING HINT = 'stop the relays (systemctl stop outbox-relay) and try again', ERRCODE = 'object_in_use';
    END IF;
    SELECT max(l.epoch), max(greatest(l.abandoned_at, nullif(l.expires_at, '-infinity'))) INTO last_epoch, abandoned
    FROM outbox.lease AS l
    WHERE l.target = set_lanes.target;
    DELETE FROM outbox.lease AS l WHERE l.target = set_lanes.target;
    INSERT INTO outbox.lease (target, lane, epoch, abandoned_at)
    SELECT set_lanes.target, n.lane, last_epoch + 1, abandoned
    FROM generate_series(0, set_lanes.lanes - 1) AS n (lane);
END
$$;
COMMENT ON FUNCTION outbox.set_lanes IS 'Into how many lanes the work of a target is divided: as many relays can share it. Only while no relay is at work';

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
    relation          oid NOT NULL,
    timeline          integer NOT NULL,
    adopted_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE outbox.identity IS
    'The database this outbox belongs to: a restored or copied one must not send until somebody says so (outbox adopt)';
COMMENT ON COLUMN outbox.identity.system_identifier IS 'Of the cluster, given by initdb';
COMMENT ON COLUMN outbox.identity.database IS 'Its oid in the cluster';
COMMENT ON COLUMN outbox.identity.relation IS 'The oid of this table: pg_restore --clean makes it anew in the same database';
COMMENT ON COLUMN outbox.identity.timeline IS 'Another one after a fail-over, which may have lost commits: see outbox.target.verify_since';

CREATE FUNCTION outbox.here(OUT system_identifier bigint, OUT database oid, OUT relation oid, OUT timeline integer)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.system_identifier,
           (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
           'outbox.identity'::regclass::oid,
           -- pg_control_checkpoint() would tell the old one until the first checkpoint after a promotion
           CASE WHEN NOT pg_is_in_recovery()
                THEN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer END
    FROM pg_control_system() AS c
$$;
COMMENT ON FUNCTION outbox.here IS 'Which database this is, in the terms of outbox.identity';

INSERT INTO outbox.identity (system_identifier, database, relation, timeline)
SELECT h.system_identifier, h.database, h.relation, h.timeline FROM outbox.here() AS h;

CREATE FUNCTION outbox.is_home()
    RETURNS boolean
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM outbox.identity AS i
        WHERE (i.system_identifier, i.database, i.relation)
              = (SELECT h.system_identifier, h.database, h.relation FROM outbox.here() AS h))
$$;
COMMENT ON FUNCTION outbox.is_home IS 'Does the outbox belong to this very database? Not after a restore or a copy';

CREATE FUNCTION outbox.require_home()
    RETURNS void
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT outbox.is_home() THEN
        RAISE EXCEPTION 'the outbox in database % belongs to another database: it was restored or copied', current_database()
            USING HINT = 'outbox adopt', ERRCODE = 'OB001';
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.require_home IS
    'Raises OB001 in a restored or copied database; called by everything that sends or decides';

CREATE FUNCTION outbox.distrust_mirror()
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
AS $$
    -- Not before the youngest acknowledgement: another server's clock may be behind.
    UPDATE outbox.target AS t
    SET verify_since = greatest(clock_timestamp(), (SELECT max(m.confirmed_at) FROM outbox.mirror AS m WHERE m.target = t.target))
    WHERE t.active_since IS NOT NULL;
$$;
COMMENT ON FUNCTION outbox.distrust_mirror IS
    'What the mirror has may not be true from here on: nothing of it is unchanged until `outbox verify` has compared it';

CREATE FUNCTION outbox.notice_fail_over()
    RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE outbox.identity AS i SET timeline = h.timeline FROM outbox.here() AS h WHERE i.timeline <> h.timeline;
    IF FOUND THEN
        PERFORM outbox.distrust_mirror();
        -- Lanes may have passed on in commits that are lost: an epoch that was given then must not be given again.
        UPDATE outbox.lease AS l
        SET epoch = l.epoch + 1000000, expires_at = '-infinity',
            abandoned_at = coalesce(nullif(l.expires_at, '-infinity'), l.abandoned_at);
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION outbox.notice_fail_over IS
    'Called by each relay that connects: true when the timeline changed since the last time, so that commits may be lost';

-- NOTIFY takes a lock of the whole database at commit, so it is sent only while a relay is asleep. Called after the
-- messages are written: the snapshot of this statement is then younger than they are. Above READ COMMITTED no snapshot
-- is, so it rings unseen. A full queue, or PREPARE TRANSACTION after a NOTIFY, would fail the application: then it is
-- silent, and the relay's slow poll finds the messages.
CREATE FUNCTION outbox.ring()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('read committed', 'read uncommitted')
       AND NOT EXISTS (SELECT FROM outbox.bell) THEN
        RETURN;
    END IF;
    IF current_setting('max_prepared_transactions')::integer = 0 AND pg_notification_queue_usage() <= 0.5 THEN
        NOTIFY outbox;
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.ring IS 'Wakes the relays that are asleep; called by whoever wrote messages';

-- The emergency switch: triggers stay, but do nothing. Replacing a function blocks nobody and waits for nobody.
CREATE FUNCTION outbox.capture_off()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    capture record;
BEGIN
    FOR capture IN
        SELECT p.proname AS name, pg_get_functiondef(p.oid) AS definition
        FROM pg_proc AS p
        WHERE p.pronamespace = 'outbox'::regnamespace
          AND p.prorettype = 'trigger'::regtype AND p.proname LIKE 'capture\_%'
          AND NOT EXISTS (SELECT FROM outbox.manifest AS m WHERE m.kind = 'off' AND m.name = p.proname)
    LOOP
        INSERT INTO outbox.manifest (kind, name, hash, version, facts)
        VALUES ('off', capture.name, '', '', jsonb_build_object('definition', capture.definition));
        EXECUTE format('CREATE OR REPLACE FUNCTION outbox.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
                       'SET search_path TO ''pg_catalog'', ''pg_temp'' AS %L', capture.name, 'BEGIN RETURN NULL; END');
    END LOOP;
END
$$;
COMMENT ON FUNCTION outbox.capture_off IS 'Emergency: nothing is captured any more, until capture_on()';

-- Back on, and everything is rechecked: at once, and by the relay once more when the transactions of now have ended,
-- since one of them may have written while capture was off and commit later (see recheck_unseen).
CREATE FUNCTION outbox.capture_on()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    capture record;
BEGIN
    FOR capture IN
        DELETE FROM outbox.manifest AS m WHERE m.kind = 'off' RETURNING m.name, m.facts ->> 'definition' AS definition
    LOOP
        -- One that was installed anew meanwhile is newer than what was kept.
        IF EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'outbox'::regnamespace
                   AND p.proname = capture.name AND p.prosrc = 'BEGIN RETURN NULL; END') THEN
            EXECUTE capture.definition;
        END IF;
    END LOOP;
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT t.target, substr(m.name, length(t.target) + 2), '{}', 'DRIFT', 'capture_on'
    FROM outbox.manifest AS m
    JOIN outbox.target AS t ON t.target = split_part(m.name, '.', 1)
    WHERE m.kind = 'view' AND t.active_since IS NOT NULL;
    INSERT INTO outbox.manifest (kind, name, hash, version, facts)
    SELECT 'recheck', m.name, '', '', '{}' FROM outbox.manifest AS m WHERE m.kind = 'view'
    ON CONFLICT (kind, name) DO UPDATE SET facts = '{}';
    PERFORM outbox.ring();
END
$$;
COMMENT ON FUNCTION outbox.capture_on IS 'Captures again, and rechecks everything';

-- A transaction that wrote by functions or triggers of before may commit after the recheck that install or capture_on
-- wrote. So each of them leaves a row of kind `recheck`; the relay calls this every minute. The first call notes which
-- transactions are running (those with an id are older than the mark; those without may be about to write), and when
-- all of these have ended, everything is rechecked once more.
CREATE FUNCTION outbox.recheck_unseen()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- In a statement of its own: one that has waited for a capture_on() would note those who were running before it waited.
    PERFORM FROM outbox.manifest AS m WHERE m.kind = 'recheck' ORDER BY m.name FOR UPDATE;
    UPDATE outbox.manifest AS m
    SET facts = jsonb_build_object(
        'mark', pg_snapshot_xmax(pg_current_snapshot())::text,
        'running', (SELECT coalesce(jsonb_agg(l.virtualxid), '[]') FROM pg_locks AS l
                    WHERE l.locktype = 'virtualxid' AND l.pid <> pg_backend_pid()))
    WHERE m.kind = 'recheck' AND NOT m.facts ? 'mark';
    WITH ended AS (
        DELETE FROM outbox.manifest AS m
        WHERE m.kind = 'recheck' AND (m.facts ->> 'mark')::xid8 <= pg_snapshot_xmin(pg_current_snapshot())
          AND NOT EXISTS (SELECT FROM pg_locks AS l
                          WHERE l.locktype = 'virtualxid' AND m.facts -> 'running' ? l.virtualxid)
        RETURNING m.name
    )
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT t.target, substr(e.name, length(t.target) + 2), '{}', 'DRIFT', 'recheck'
    FROM ended AS e
    JOIN outbox.target AS t ON t.target = split_part(e.name, '.', 1)
    WHERE t.active_since IS NOT NULL;
    IF FOUND THEN
        PERFORM outbox.ring();
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.recheck_unseen IS 'Rechecks what transactions may have written unseen, when they have ended';

CREATE FUNCTION outbox.register(target text, resource text DEFAULT NULL, key text[] DEFAULT '{}', shown jsonb DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    decided bigint;
    columns text[];
BEGIN
    PERFORM outbox.require_home();
    PERFORM outbox.require_target(register.target);
    IF register.resource IS NOT NULL AND NOT EXISTS (
        SELECT FROM outbox.resource AS r
        WHERE r.resource = register.resource AND to_regclass(format('%I.%I', register.target, r.resource)) IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'there is no desired view %.%', register.target, register.resource
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT r.key_columns INTO columns FROM outbox.resource AS r
    WHERE (r.resource = register.resource OR register.resource IS NULL)
      AND to_regclass(format('%I.%I', register.target, r.resource)) IS NOT NULL
      AND (cardinality(register.key) <= cardinality(r.key_columns)) IS NOT TRUE
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the key is %, and may be (%) or the beginning of it; {} is every row',
            coalesce(register.key::text, 'null'), array_to_string(columns, ', ')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO outbox.decision (decision, target, resource, key)
    VALUES ('register', register.target, register.resource, register.key)
    RETURNING id INTO decided;
    INSERT INTO outbox.approval (decision, target, resource, call, key, shown)
    SELECT decided, register.target, r.key, c.key, register.key, c.value::integer
    FROM jsonb_each(register.shown) AS r, jsonb_each_text(r.value) AS c
    WHERE (register.resource IS NULL OR register.resource = r.key) AND c.value::integer > 0
      -- only what a brake watches
      AND (r.key = 'users' OR (c.key = 'remove') = (r.key NOT IN ('company_access', 'app_access')));
    RETURN QUERY
        INSERT INTO outbox.message (target, resource, key, operation, approved)
        SELECT register.target, r.resource, register.key, 'REGISTER',
               -- one key: whoever names it, and nothing beside it, has decided about it
               CASE WHEN cardinality(register.key) = cardinality(r.key_columns) THEN ARRAY['create', 'remove'] END
        FROM outbox.resource AS r
        WHERE to_regclass(format('%I.%I', register.target, r.resource)) IS NOT NULL
          AND (register.resource IS NULL OR register.resource = r.resource)
        ORDER BY r.place
        RETURNING id;
    PERFORM outbox.ring();
END
$$;
COMMENT ON FUNCTION outbox.register IS
    'Registreren: recheck one key, everything below a prefix, a resource, or (resource null) a whole target; answers the message ids. shown: what a preview counted and a person confirmed, {"users": {"create": 12, "remove": 3}}: so many may pass the brakes. Without it a register of one full key may, a wider one is braked like any change';

CREATE FUNCTION outbox.adopt(why text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF outbox.is_home() THEN
        RETURN false;
    END IF;
    DELETE FROM outbox.identity;
    INSERT INTO outbox.identity (system_identifier, database, relation, timeline)
    SELECT h.system_identifier, h.database, h.relation, h.timeline FROM outbox.here() AS h;
    PERFORM outbox.distrust_mirror();
    -- Those who held and listened are relays of the other database.
    DELETE FROM outbox.bell;
    DELETE FROM outbox.relay;
    UPDATE outbox.lease
    SET holder = NULL, epoch = epoch + 1, expires_at = '-infinity',
        abandoned_at = coalesce(nullif(expires_at, '-infinity'), abandoned_at);
    -- Transaction ids of another cluster would be in the future for ever, and be claimed with every look.
    UPDATE outbox.message SET transaction = pg_current_xact_id()
    WHERE status = 'pending' AND transaction > pg_current_xact_id();
    UPDATE outbox.manifest SET facts = '{}' WHERE kind = 'recheck';
    -- Logical replication brings rows, and not the numbers that were given out.
    PERFORM setval('outbox.message_id_seq', m.most)
    FROM (SELECT max(id) AS most FROM outbox.message) AS m, outbox.message_id_seq AS s WHERE m.most >= s.last_value + s.is_called::integer;
    PERFORM setval('outbox.attempt_id_seq', m.most)
    FROM (SELECT max(id) AS most FROM outbox.attempt) AS m, outbox.attempt_id_seq AS s WHERE m.most >= s.last_value + s.is_called::integer;
    PERFORM setval('outbox.decision_id_seq', m.most)
    FROM (SELECT max(id) AS most FROM outbox.decision) AS m, outbox.decision_id_seq AS s WHERE m.most >= s.last_value + s.is_called::integer;
    INSERT INTO outbox.decision (decision, why) VALUES ('adopt', adopt.why);
    RETURN true;
END
$$;
COMMENT ON FUNCTION outbox.adopt IS
    'A person says that this restored or copied database is the one that the clouds follow from now on; false: it was already';

-- What persons decide. Each takes what it is about in one of these ways: a target (with resource, with key or the
-- beginning of one), a batch, or message ids; all that are given must fit.

CREATE FUNCTION outbox.stuck(
    target text DEFAULT NULL, resource text DEFAULT NULL, key text[] DEFAULT NULL,
    batch bigint DEFAULT NULL, messages bigint[] DEFAULT NULL)
    RETURNS SETOF outbox.message
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH chosen AS (
        SELECT m.id, m.target, m.resource, m.key
        FROM outbox.message AS m
        WHERE m.status <> 'done' AND (m.status <> 'pending' OR m.due_at > clock_timestamp())
          AND (stuck.target IS NULL OR m.target = stuck.target)
          AND (stuck.resource IS NULL OR m.resource = stuck.resource)
          AND (stuck.key IS NULL OR m.key[1:cardinality(stuck.key)] = stuck.key)
          AND (stuck.batch IS NULL OR m.batch = stuck.batch)
          AND (stuck.messages IS NULL OR m.id = ANY (stuck.messages))
          AND num_nonnulls(stuck.target, stuck.batch, stuck.messages) > 0
    )
    SELECT m.*
    FROM outbox.message AS m
    WHERE m.status <> 'done' AND (m.status <> 'pending' OR m.due_at > clock_timestamp())
      AND (m.id IN (SELECT c.id FROM chosen AS c)
           OR (m.target, m.resource, m.key) IN (SELECT c.target, c.resource, c.key FROM chosen AS c))
    ORDER BY m.target, m.resource, m.key, m.id
$$;
COMMENT ON FUNCTION outbox.stuck IS
    'All messages that are held, dead or wait for another attempt, of the keys that are meant: what approve, reject, retry and skip would look at. Reads only';

CREATE FUNCTION outbox.take_stuck(target text, resource text, key text[], batch bigint, messages bigint[])
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT FROM outbox.message AS m
    WHERE m.status IN ('held', 'dead') AND m.id IN (
        SELECT s.id FROM outbox.stuck(take_stuck.target, take_stuck.resource, take_stuck.key, take_stuck.batch, take_stuck.messages) AS s)
    ORDER BY m.id
    FOR NO KEY UPDATE
$$;
COMMENT ON FUNCTION outbox.take_stuck IS
    'Locks what is held or dead of it, in one order, before a decision: of two persons who decide about the same at once the second waits, and finds nothing left';

CREATE FUNCTION outbox.approve(
    target text DEFAULT NULL, resource text DEFAULT NULL, key text[] DEFAULT NULL,
    batch bigint DEFAULT NULL, messages bigint[] DEFAULT NULL, why text DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.require_home();
    PERFORM outbox.take_stuck(approve.target, approve.resource, approve.key, approve.batch, approve.messages);
    RETURN QUERY
        WITH held AS (
            SELECT s.target, s.resource, s.key, array_agg(s.id) AS ids,
                   (array_agg(s.withheld ORDER BY s.settled_at DESC, s.id DESC))[1] AS withheld
            FROM outbox.stuck(approve.target, approve.resource, approve.key, approve.batch, approve.messages) AS s
            WHERE s.status = 'held'
            GROUP BY s.target, s.resource, s.key
        ), ended AS (
            UPDATE outbox.message AS m
            SET status = 'done', outcome = 'superseded', settled_at = clock_timestamp()
            FROM held AS h, unnest(h.ids) AS u (id)
            WHERE m.id = u.id AND m.status = 'held' AND h.withheld IS NOT NULL
            RETURNING m.id, m.target, m.resource, m.key, h.withheld
        ), approved AS (
            SELECT e.target, e.resource, e.key, e.withheld, max(e.id) AS message_id
            FROM ended AS e
            GROUP BY e.target, e.resource, e.key, e.withheld
        ), decided AS (
            INSERT INTO outbox.decision (decision, target, resource, key, message_id, why)
            SELECT 'approve', a.target, a.resource, a.key, a.message_id, approve.why
            FROM approved AS a
        ), written AS (
            -- REGISTER, since only that removes who is withdrawn
            INSERT INTO outbox.message (target, resource, key, operation, cause, approved)
            SELECT a.target, a.resource, a.key, CASE a.withheld WHEN 'remove' THEN 'REGISTER' ELSE 'EXPAND' END,
                   a.message_id, ARRAY[a.withheld]
            FROM approved AS a
            ORDER BY a.message_id
            RETURNING id
        )
        SELECT w.id FROM written AS w;
    -- When they are written, and not before: else a relay that goes to sleep in between hears nothing.
    PERFORM outbox.ring();
END
$$;
COMMENT ON FUNCTION outbox.approve IS
    'Let what is held pass, once: a new message for each key, whose ids it answers. What no approval can settle (withheld is null) stays held';

CREATE FUNCTION outbox.reject(
    target text DEFAULT NULL, resource text DEFAULT NULL, key text[] DEFAULT NULL,
    batch bigint DEFAULT NULL, messages bigint[] DEFAULT NULL, why text DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.require_home();
    IF coalesce(btrim(reject.why), '') = '' THEN
        RAISE EXCEPTION 'a rejection needs a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'give it as why';
    END IF;
    PERFORM outbox.take_stuck(reject.target, reject.resource, reject.key, reject.batch, reject.messages);
    RETURN QUERY
        WITH held AS (
            SELECT s.id, s.target, s.resource, s.key, s.batch
            FROM outbox.stuck(reject.target, reject.resource, reject.key, reject.batch, reject.messages) AS s
            WHERE s.status = 'held'
        ), ended AS (
            UPDATE outbox.message AS m
            SET status = 'done', outcome = 'rejected', settled_at = clock_timestamp()
            WHERE m.status = 'held' AND m.id IN (
                SELECT h.id FROM held AS h
                UNION
                -- what waits for the company to go stays with it
                SELECT c.id
                FROM held AS h
                JOIN outbox.message AS c ON c.target = h.target AND c.batch = h.batch AND c.key[1] = h.key[1]
                WHERE h.resource = 'companies' AND c.status = 'held'
                  AND c.resource IN ('projects', 'cost_types', 'cost_centres'))
            RETURNING m.id, m.target, m.resource, m.key, m.settled_at, m.row_hash
        ), newest AS (
            SELECT DISTINCT ON (e.target, e.resource, e.key) e.id, e.target, e.resource, e.key, e.row_hash
            FROM ended AS e
            ORDER BY e.target, e.resource, e.key, e.id DESC
        ), decided AS (
            INSERT INTO outbox.decision (decision, target, resource, key, message_id, why)
            SELECT 'reject', n.target, n.resource, n.key, n.id, reject.why
            FROM newest AS n
            RETURNING id, message_id
        ), remembered AS (
            INSERT INTO outbox.rejection AS r (target, resource, key, row_hash, decision)
            SELECT n.target, n.resource, n.key, n.row_hash, d.id
            FROM newest AS n
            JOIN decided AS d ON d.message_id = n.id
            ON CONFLICT (target, resource, key) DO UPDATE
            SET row_hash = excluded.row_hash, decision = excluded.decision
        ), linked AS (
            -- an unlink that is rejected did not happen
            UPDATE outbox.mirror AS k
            SET unlinked = false
            FROM newest AS n
            WHERE k.target = n.target AND k.resource = n.resource AND k.key = n.key AND k.unlinked
        )
        SELECT e.id FROM ended AS e;
END
$$;
COMMENT ON FUNCTION outbox.reject IS
    'What is held does not happen, and is not asked again until the row is another: the messages end as rejected, the cloud stays as it is. Answers their ids';

CREATE FUNCTION outbox.skip(
    target text DEFAULT NULL, resource text DEFAULT NULL, key text[] DEFAULT NULL,
    batch bigint DEFAULT NULL, messages bigint[] DEFAULT NULL, why text DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.require_home();
    IF coalesce(btrim(skip.why), '') = '' THEN
        RAISE EXCEPTION 'skipping needs a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'give it as why';
    END IF;
    PERFORM outbox.take_stuck(skip.target, skip.resource, skip.key, skip.batch, skip.messages);
    RETURN QUERY
        WITH ended AS (
            UPDATE outbox.message AS m
            SET status = 'done', outcome = 'skipped', settled_at = clock_timestamp()
            WHERE m.status IN ('held', 'dead') AND m.id IN (
                SELECT s.id FROM outbox.stuck(skip.target, skip.resource, skip.key, skip.batch, skip.messages) AS s)
            RETURNING m.id, m.target, m.resource, m.key
        ), decided AS (
            INSERT INTO outbox.decision (decision, target, resource, key, message_id, why)
            SELECT 'skip', e.target, e.resource, e.key, max(e.id), skip.why
            FROM ended AS e
            GROUP BY e.target, e.resource, e.key
        )
        SELECT e.id FROM ended AS e;
END
$$;
COMMENT ON FUNCTION outbox.skip IS
    'Drop what is held or dead; nothing is remembered, the next change of the key is looked at as ever. Answers the message ids';

CREATE FUNCTION outbox.retry(
    target text DEFAULT NULL, resource text DEFAULT NULL, key text[] DEFAULT NULL,
    batch bigint DEFAULT NULL, messages bigint[] DEFAULT NULL, why text DEFAULT NULL)
    RETURNS SETOF bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.require_home();
    PERFORM outbox.take_stuck(retry.target, retry.resource, retry.key, retry.batch, retry.messages);
    RETURN QUERY
        WITH found AS (
            SELECT s.*
            FROM outbox.stuck(retry.target, retry.resource, retry.key, retry.batch, retry.messages) AS s
            WHERE s.status <> 'held' OR s.withheld IS NULL
        ), ended AS (
            UPDATE outbox.message AS m
            SET status = 'done', outcome = 'superseded', settled_at = clock_timestamp()
            WHERE m.id IN (SELECT f.id FROM found AS f) AND m.status IN ('held', 'dead')
            RETURNING m.id
        ), again AS (
            -- what waits for its next attempt stays as it is: whoever looks at the key takes it along
            SELECT f.target, f.resource, f.key, f.via, max(f.id) AS message_id, bool_or(f.operation = 'REGISTER') AS registered,
                   array_remove(string_to_array(string_agg(DISTINCT array_to_string(f.approved, ' '), ' '), ' '), '') AS approved
            FROM found AS f
            WHERE f.status = 'pending' OR f.id IN (SELECT e.id FROM ended AS e)
            GROUP BY f.target, f.resource, f.key, f.via
        ), decided AS (
            INSERT INTO outbox.decision (decision, target, resource, key, message_id, why)
            SELECT 'retry', a.target, a.resource, a.key, a.message_id, retry.why
            FROM again AS a
        ), written AS (
            INSERT INTO outbox.message (target, resource, key, via, operation, cause, approved)
            SELECT a.target, a.resource, a.key, a.via, CASE WHEN a.registered THEN 'REGISTER' ELSE 'EXPAND' END, a.message_id,
                   a.approved
            FROM again AS a
            ORDER BY a.message_id
            RETURNING id
        )
        SELECT w.id FROM written AS w;
    -- When they are written, and not before: else a relay that goes to sleep in between hears nothing.
    PERFORM outbox.ring();
END
$$;
COMMENT ON FUNCTION outbox.retry IS
    'Try again now what is dead or waits for its next attempt, and look again at what no approval can settle: a new message for each key, whose ids it answers. Past the brakes goes only what was approved before';

CREATE FUNCTION outbox.require_part(target text, resource text, company text)
    RETURNS void
    LANGUAGE plpgsql
    STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM outbox.require_target(require_part.target);
    IF require_part.resource NOT IN (SELECT r.resource FROM outbox.resource AS r) THEN
        RAISE EXCEPTION 'there is no resource %', require_part.resource
            USING HINT = 'as in the names of the desired views', ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Of a variable without a value: never more than was asked.
    IF btrim(require_part.company) = '' THEN
        RAISE EXCEPTION 'the company is empty' USING HINT = 'NULL: all of them', ERRCODE = 'invalid_parameter_value';
    END IF;
    IF require_part.company IS NOT NULL AND require_part.resource = 'users' THEN
        RAISE EXCEPTION 'a user belongs to no company' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.require_part IS
    'Raises where outbox.pause or outbox.resume is asked for a target, resource or company that cannot be; null: all of them';

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
    PERFORM outbox.require_part(pause.target, pause.resource, pause.company);
    IF btrim(coalesce(pause.reason, '')) = '' THEN
        RAISE EXCEPTION 'a pause needs a reason' USING ERRCODE = 'invalid_parameter_value';
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
    PERFORM outbox.require_home();
    PERFORM outbox.require_part(resume.target, resume.resource, resume.company);
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
        -- What was put off because of the pause is due now. What a relay is putting off at this moment is left to it (see
        -- sql/relay/release_paused.sql): each could wait for what the other has locked.
        UPDATE outbox.message AS m
        SET due_at = clock_timestamp()
        WHERE m.id = ANY (ARRAY(
            SELECT p.id FROM outbox.message AS p
            WHERE p.target = resume.target AND p.status = 'pending' AND p.due_at > clock_timestamp()
              AND (resume.resource IS NULL OR p.resource = resume.resource)
              AND (resume.company IS NULL OR resume.company = ANY (p.key))
            FOR NO KEY UPDATE SKIP LOCKED));
        PERFORM outbox.ring();
    END IF;
    RETURN resumed;
END
$$;
COMMENT ON FUNCTION outbox.resume(text, text, text, text) IS
    'Send again, now: what was paused by outbox.pause or by the platform. A company without a resource: all of its pauses. A target that does not answer is tried at once. False: nothing was paused';

-- Forgetting in time, one bounded batch a call, for the relay and for `outbox prune`: neither may delete. What somebody
-- else has locked (another relay that prunes) is left for the next time. Young is young for everybody: a day at least.

CREATE FUNCTION outbox.prune_documents(days integer, after bigint, batch integer, OUT last bigint, OUT old bigint, OUT removed bigint)
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH stretch AS MATERIALIZED (
        SELECT m.id, m.changed_at < t.upto AS old, m.document IS NOT NULL AND m.settled_at < t.upto AS leaving
        FROM outbox.message AS m,
             (SELECT statement_timestamp() - make_interval(days => greatest(prune_documents.days, 1)) AS upto) AS t
        WHERE m.id > prune_documents.after
        ORDER BY m.id
        LIMIT prune_documents.batch
    ), leaving AS (
        SELECT m.id FROM outbox.message AS m JOIN stretch AS s USING (id) WHERE s.leaving FOR UPDATE OF m SKIP LOCKED
    ), dropped AS (
        UPDATE outbox.message AS m SET document = NULL FROM leaving AS l WHERE m.id = l.id RETURNING m.id
    )
    SELECT max(s.id), count(*) FILTER (WHERE s.old), (SELECT count(*) FROM dropped)
    FROM stretch AS s
$$;
COMMENT ON FUNCTION outbox.prune_documents IS
    'One stretch of outbox.message above an id: what was sent is forgotten where it is old; that it was sent, when and with which outcome stays. old = 0: from here on all are young';

CREATE FUNCTION outbox.prune_attempts(days integer, after bigint, batch integer, OUT last bigint, OUT old bigint, OUT removed bigint)
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH stretch AS MATERIALIZED (
        SELECT a.id, a.message_id,
               a.started_at < statement_timestamp() - make_interval(days => greatest(prune_attempts.days, 1)) AS old
        FROM outbox.attempt AS a
        WHERE a.id > prune_attempts.after
        ORDER BY a.id
        LIMIT prune_attempts.batch
    ), leaving AS (
        SELECT a.id
        FROM outbox.attempt AS a
        JOIN stretch AS s USING (id)
        WHERE s.old
          AND NOT EXISTS (SELECT FROM outbox.message AS m WHERE m.id = s.message_id AND m.status <> 'done')
        FOR UPDATE OF a SKIP LOCKED
    ), gone AS (
        DELETE FROM outbox.attempt AS a USING leaving AS l WHERE a.id = l.id RETURNING a.id
    )
    SELECT max(s.id), count(*) FILTER (WHERE s.old), (SELECT count(*) FROM gone)
    FROM stretch AS s
$$;
COMMENT ON FUNCTION outbox.prune_attempts IS
    'One stretch of outbox.attempt above an id: those that are old go, but for the calls of messages that are not done. old = 0: from here on all are young';

CREATE FUNCTION outbox.prune_messages(days integer, after bigint, batch integer, OUT last bigint, OUT old bigint, OUT removed bigint)
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH stretch AS MATERIALIZED (
        SELECT m.id, m.changed_at < t.upto AS old, m.status = 'done' AND m.settled_at < t.upto AS settled
        FROM outbox.message AS m,
             (SELECT statement_timestamp() - make_interval(days => greatest(prune_messages.days, 1)) AS upto) AS t
        WHERE m.id > prune_messages.after
        ORDER BY m.id
        LIMIT prune_messages.batch
    ), stands AS MATERIALIZED (
        -- Whatever the key: a user's object may have passed to another one since, with what he may open.
        SELECT r.message_id AS id FROM outbox.mirror AS r JOIN stretch AS s ON s.id = r.message_id WHERE s.settled
    ), leaving AS (
        SELECT m.id
        FROM outbox.message AS m
        JOIN stretch AS s USING (id)
        WHERE m.status = 'done' AND s.settled AND s.id NOT IN (SELECT t.id FROM stands AS t)
        FOR UPDATE OF m SKIP LOCKED
    ), gone AS (
        DELETE FROM outbox.message AS m USING leaving AS l WHERE m.id = l.id RETURNING m.id
    )
    SELECT max(s.id), count(*) FILTER (WHERE s.old), (SELECT count(*) FROM gone)
    FROM stretch AS s
$$;
COMMENT ON FUNCTION outbox.prune_messages IS
    'One stretch of outbox.message above an id: those that are old and done go, but for those that brought what the mirror says now. old = 0: from here on all are young';

-- What persons say of single objects. These functions are the only way: nobody but the relay writes the mirror itself.

CREATE FUNCTION outbox.interrupt(target text)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.require_home();
    PERFORM outbox.require_target(interrupt.target);
    -- Whoever holds a lane of the target has read the mirror as it was: its epoch is over, so that nothing is begun or
    -- settled on that. It takes the lane again at once, and looks anew. What it had under way is in doubt, and read back;
    -- that may leave as long as its lease would have lasted, whoever has the lane then.
    UPDATE outbox.lease AS l
    SET epoch = l.epoch + 1, expires_at = '-infinity',
        abandoned_at = coalesce(nullif(l.expires_at, '-infinity'), l.abandoned_at)
    WHERE l.target = interrupt.target;
END
$$;
COMMENT ON FUNCTION outbox.interrupt IS 'Ends the epoch of whoever relays for the target: it looks at the mirror anew';

CREATE FUNCTION outbox.look_again(target text, resource text, key text[])
    RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    first bigint;
BEGIN
    WITH written AS (
        INSERT INTO outbox.message (target, resource, key, via, operation, source, approved)
        SELECT look_again.target, c.resource,
               CASE WHEN c.place = p.place THEN look_again.key END,
               -- what hangs on it: names the parent's key column among the child's
               CASE WHEN c.place <> p.place
                   THEN jsonb_build_object('key', jsonb_build_object(p.key_columns[1], look_again.key[1])) END,
               'EXPAND', 'outbox.decision',
               CASE WHEN c.place = p.place THEN ARRAY['create', 'update', 'remove'] END  -- a person decided about it
        FROM outbox.resource AS p
        JOIN outbox.resource AS c ON p.key_columns[1] = ANY (c.key_columns)
        WHERE p.resource = look_again.resource AND to_regclass(format('%I.%I', look_again.target, c.resource)) IS NOT NULL
        ORDER BY c.place
        RETURNING id
    )
    SELECT min(w.id) INTO first FROM written AS w;
    PERFORM outbox.ring();
    RETURN first;
END
$$;
COMMENT ON FUNCTION outbox.look_again IS 'A message for a user or company about which a person decided, and for what hangs on it; answers the first id';

CREATE FUNCTION outbox.require_linkable(target text, resource text, key text[])
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF require_linkable.resource NOT IN ('users', 'companies') OR cardinality(require_linkable.key) IS DISTINCT FROM 1 THEN
        RAISE EXCEPTION 'users and companies are linked, by their code; all else is known by these'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (
        SELECT FROM outbox.mirror AS m
        WHERE m.target = require_linkable.target AND m.resource = require_linkable.resource AND m.key = require_linkable.key
          AND m.intent IS NOT NULL AND m.in_doubt IS NOT NULL AND EXISTS (
            SELECT FROM outbox.message AS o
            WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status = 'pending'))
    THEN
        RAISE EXCEPTION 'a call for % % is under way, or its outcome is not known yet', require_linkable.resource, require_linkable.key[1]
            USING HINT = 'once more in a minute; outbox status says what it waits for', ERRCODE = 'OB002';
    END IF;
END
$$;
COMMENT ON FUNCTION outbox.require_linkable IS 'Raises OB002 while a call for the key is under way';

CREATE FUNCTION outbox.link(
    target text, resource text, key text[], remote_id text, name text DEFAULT NULL, why text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET "DateStyle" = 'ISO, YMD'
AS $$
#variable_conflict use_column
DECLARE
    row_count bigint;
    other text;
BEGIN
    PERFORM outbox.interrupt(link.target);
    PERFORM outbox.require_linkable(link.target, link.resource, link.key);
    EXECUTE format('SELECT count(*) FROM %I.%I AS v WHERE v.%I::text = $1', link.target, link.resource,
                   CASE link.resource WHEN 'users' THEN 'user_code' ELSE 'company_code' END)
        INTO row_count USING link.key[1];
    IF row_count <> 1 THEN
        RAISE EXCEPTION '%.% has % row %; what is linked to no row would be removed from the cloud',
            link.target, link.resource, CASE row_count WHEN 0 THEN 'no' ELSE row_count::text END, link.key[1]
            USING ERRCODE = 'OB002';
    END IF;
    SELECT x.key[1] INTO other FROM outbox.mirror AS x
    WHERE x.target = link.target AND x.resource = link.resource AND x.key <> link.key AND x.remote_id = link.remote_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is linked to % % already', link.remote_id, link.resource, other
            USING HINT = 'unlink that, or link it elsewhere', ERRCODE = 'OB002';
    END IF;
    SELECT x.key[1] INTO other FROM outbox.mirror AS x
    WHERE x.target = link.target AND x.resource = link.resource AND x.key <> link.key AND x.remote_id IS NULL
      AND lower(link.name) = ANY (SELECT lower(unnest(x.sending)))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% may be what is being made for % %: nobody knows yet', link.remote_id, link.resource, other
            USING HINT = 'outbox status', ERRCODE = 'OB002';
    END IF;
    DELETE FROM outbox.not_ours AS n
    WHERE n.target = link.target AND n.resource = link.resource AND n.remote_id = link.remote_id;
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    VALUES ('link', link.target, link.resource, link.key, link.why);
    -- What is in it is not known: it is sent whole. `sending` has the name it is known by there, since until then nobody
    -- else may take that for free.
    INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, sending)
    VALUES (link.target, link.resource, link.key, link.remote_id, array_remove(ARRAY[link.name], NULL))
    ON CONFLICT ON CONSTRAINT mirror_pkey DO UPDATE
    SET remote_id = excluded.remote_id, sending = excluded.sending, in_doubt = NULL, intent = NULL, unlinked = false, gone = false,
        parents = '{}', etag = NULL, document = NULL;
    RETURN outbox.look_again(link.target, link.resource, link.key);
END
$$;
COMMENT ON FUNCTION outbox.link IS
    'A person says which object of the cloud a user or company is; name: its e-mail or external id there. Answers the message that has it sent. Raises OB002 where that cannot be';

CREATE FUNCTION outbox.unlink(target text, resource text, key text[], why text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    linked outbox.mirror;
BEGIN
    PERFORM outbox.interrupt(unlink.target);
    SELECT m.* INTO linked FROM outbox.mirror AS m
    WHERE m.target = unlink.target AND m.resource = unlink.resource AND m.key = unlink.key;
    IF linked.remote_id IS NULL THEN
        RAISE EXCEPTION '% % is not linked to anything in %', unlink.resource, array_to_string(unlink.key, ' '), unlink.target
            USING HINT = 'outbox verify', ERRCODE = 'OB002';
    END IF;
    PERFORM outbox.require_linkable(unlink.target, unlink.resource, unlink.key);
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    VALUES ('unlink', unlink.target, unlink.resource, unlink.key, unlink.why);
    -- The account is somebody else's: the relay removes it, and makes a new one for the key. Unless another key has the
    -- account as well; then, and for a company, which stays in the cloud, the link alone is forgotten.
    IF unlink.resource = 'users' AND NOT EXISTS (
        SELECT FROM outbox.mirror AS x
        WHERE x.target = linked.target AND x.resource = linked.resource AND x.remote_id = linked.remote_id AND x.key <> linked.key)
    THEN
        UPDATE outbox.mirror AS m SET unlinked = true
        WHERE m.target = linked.target AND m.resource = linked.resource AND m.key = linked.key;
    ELSE
        DELETE FROM outbox.mirror AS m
        WHERE m.target = linked.target AND m.resource = linked.resource AND m.key = linked.key;
    END IF;
    RETURN outbox.look_again(unlink.target, unlink.resource, unlink.key);
END
$$;
COMMENT ON FUNCTION outbox.unlink IS
    'A person says that the account of a user is somebody else''s: it is removed, and he gets a new one; of a company the link is forgotten. Answers the message. Raises OB002 where that cannot be';

CREATE FUNCTION outbox.meet(target text, links jsonb, alone jsonb)
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM outbox.interrupt(meet.target);
    -- Not where a key or an object has got another link meanwhile, nor where a call is under way.
    WITH given AS (
        SELECT g.*
        FROM jsonb_to_recordset(meet.links) AS g (resource text, key text[], remote_id text, name text, why text)
        WHERE g.resource IN ('users', 'companies') AND NOT EXISTS (
            SELECT FROM outbox.mirror AS x
            WHERE x.target = meet.target AND x.resource = g.resource AND x.remote_id = g.remote_id)
    ), linked AS (
        INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, sending)
        SELECT meet.target, g.resource, g.key, g.remote_id, array_remove(ARRAY[g.name], NULL)
        FROM given AS g
        ON CONFLICT ON CONSTRAINT mirror_pkey DO UPDATE
        SET remote_id = excluded.remote_id, sending = excluded.sending, unlinked = false, gone = false, document = NULL
        WHERE m.remote_id IS NULL AND m.in_doubt IS NULL
        RETURNING m.resource, m.key
    ), decided AS (
        INSERT INTO outbox.decision (decision, target, resource, key, why)
        SELECT 'link', meet.target, g.resource, g.key, g.why
        FROM linked AS l JOIN given AS g USING (resource, key)
    )
    INSERT INTO outbox.message (target, resource, key, operation, source, approved)
    SELECT meet.target, l.resource, l.key, 'EXPAND', 'outbox.decision', ARRAY['update']
    FROM linked AS l;
    -- None of ours, whatever their names and numbers: new ones are made beside them.
    WITH left_alone AS (
        INSERT INTO outbox.not_ours (target, resource, remote_id)
        SELECT meet.target, g.resource, g.remote_id
        FROM jsonb_to_recordset(meet.alone) AS g (resource text, remote_id text)
        ON CONFLICT DO NOTHING
    )
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    SELECT 'approve', meet.target, g.resource, g.key, g.why
    FROM jsonb_to_recordset(meet.alone) AS g (resource text, key text[], why text);
END
$$;
COMMENT ON FUNCTION outbox.meet IS
    'First contact with a cloud that was kept by hand. links: [{resource, key, remote_id, name, why}], which objects are whose; alone: [{resource, key, remote_id, why}], those that are none of ours';

CREATE FUNCTION outbox.activate(target text)
    RETURNS void
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE outbox.target AS t SET active_since = clock_timestamp()
    WHERE t.target = activate.target AND t.active_since IS NULL
$$;
COMMENT ON FUNCTION outbox.activate IS 'The first confirmed register: from now on the target is sent to';

CREATE FUNCTION outbox.doubt(target text, resources text[], key text[])
    RETURNS bigint
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH doubted AS (
        UPDATE outbox.mirror AS m
        SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp()), doubted = m.in_doubt IS NOT NULL
        WHERE m.target = doubt.target
          AND (cardinality(doubt.resources) = 0 OR m.resource = ANY (doubt.resources))
          AND m.key[:cardinality(doubt.key)] = doubt.key
          AND m.remote_id IS NOT NULL
        RETURNING m.key
    )
    SELECT count(*) FROM doubted
$$;
COMMENT ON FUNCTION outbox.doubt IS
    'register --force: what the target acknowledged counts for nothing, for these resources ({}: all) below this key; it is sent or read again when it is looked at. Users keep their ids, so nobody is invited twice. Answers how many';

-- What was seen in a cloud, by the relay or by a person's `verify` and `apps pull`.

CREATE FUNCTION outbox.mark(target text, resource text, keys jsonb)
    RETURNS void
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE outbox.mirror AS m
    SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp())
    FROM jsonb_to_recordset(mark.keys) AS k (key text[])
    WHERE m.target = mark.target AND m.resource = mark.resource AND m.key = k.key AND m.remote_id IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM outbox.message AS o
          WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status IN ('held', 'dead'))
$$;
COMMENT ON FUNCTION outbox.mark IS
    'verify: what differs, [{key}], is in doubt since it was last confirmed, so that it never counts as unchanged. Not what is held or dead: a person has that on his desk';

CREATE FUNCTION outbox.set_back(target text, resource text, keys jsonb)
    RETURNS bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    written bigint;
BEGIN
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT set_back.target, set_back.resource, k.key, 'EXPAND', 'outbox.verified'
    FROM jsonb_to_recordset(set_back.keys) AS k (key text[])
    WHERE NOT EXISTS (
        SELECT FROM outbox.message AS o
        WHERE o.target = set_back.target AND o.resource = set_back.resource AND o.key = k.key AND o.status IN ('held', 'dead'));
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM outbox.ring();
    RETURN written;
END
$$;
COMMENT ON FUNCTION outbox.set_back IS
    'verify --repair: an ordinary message for each of [{key}]; the relay sets it back, and holds what its brakes hold. Also where one is pending: it may have been looked at before the key was in doubt. Answers how many';

CREATE FUNCTION outbox.record_verified(found jsonb)
    RETURNS void
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO outbox.verified AS v
        (target, resource, result, started_at, listed, missing, different, unmanaged, set_back, why)
    SELECT f.target, f.resource, f.result, f.started_at, f.listed, f.missing, f.different, f.unmanaged, f.set_back, f.why
    FROM jsonb_populate_record(NULL::outbox.verified, record_verified.found) AS f
    ON CONFLICT (target, resource) DO UPDATE
    SET result = excluded.result, started_at = excluded.started_at, finished_at = clock_timestamp(), listed = excluded.listed,
        missing = excluded.missing, different = excluded.different, unmanaged = excluded.unmanaged,
        set_back = excluded.set_back, why = excluded.why
$$;
COMMENT ON FUNCTION outbox.record_verified IS 'verify: the last result of a resource, a row of outbox.verified without finished_at';

CREATE FUNCTION outbox.believe(target text, verify_since timestamptz)
    RETURNS void
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH believed AS (
        UPDATE outbox.target AS t
        SET verify_since = NULL
        WHERE t.target = believe.target AND t.verify_since = believe.verify_since
        RETURNING t.target
    )
    UPDATE outbox.mirror AS m
    SET in_doubt = coalesce(m.in_doubt, m.confirmed_at, clock_timestamp())
    FROM believed AS b
    WHERE m.target = b.target AND m.remote_id IS NOT NULL AND coalesce(m.confirmed_at <= believe.verify_since, true)
      AND EXISTS (
          SELECT FROM outbox.message AS o
          WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done')
$$;
COMMENT ON FUNCTION outbox.believe IS
    'verify: all rows were compared with the target''s own lists, so the mirror counts again. Not so a row that was left out, since a message about it was not done: it is in doubt. Nothing where the database was restored or failed over once more';

CREATE FUNCTION outbox.refresh_applications(target text, apps jsonb, OUT listed bigint, OUT new bigint, OUT back bigint, OUT vanished bigint)
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH listed AS (
        SELECT a.* FROM jsonb_to_recordset(refresh_applications.apps) AS a (app_code text, name text, vendor text)
    ), before AS (
        SELECT a.app_code, a.vanished_at FROM outbox.application AS a WHERE a.target = refresh_applications.target
    ), vanished AS (
        UPDATE outbox.application AS a
        SET vanished_at = clock_timestamp()
        WHERE a.target = refresh_applications.target AND a.vanished_at IS NULL
          AND NOT EXISTS (SELECT FROM listed AS l WHERE l.app_code = a.app_code)
        RETURNING a.app_code
    ), refreshed AS (
        INSERT INTO outbox.application AS a (target, app_code, name, vendor)
        SELECT refresh_applications.target, l.app_code, l.name, l.vendor
        FROM listed AS l
        ON CONFLICT (target, app_code) DO UPDATE
        SET name = excluded.name, vendor = excluded.vendor, vanished_at = NULL, refreshed_at = clock_timestamp()
    )
    SELECT (SELECT count(*) FROM listed),
           (SELECT count(*) FROM listed AS l WHERE NOT EXISTS (SELECT FROM before AS b WHERE b.app_code = l.app_code)),
           (SELECT count(*) FROM listed AS l JOIN before AS b USING (app_code) WHERE b.vanished_at IS NOT NULL),
           (SELECT count(*) FROM vanished)
$$;
COMMENT ON FUNCTION outbox.refresh_applications IS
    'apps pull: the catalogue as it was just listed. What is not listed any more is marked, since somebody may still have it; what is listed again is unmarked';

-- Row by row, by the primary key: measured on 100,000 messages faster than one recursion over all of them, and of a few
-- messages nothing else is read. LIMIT 1, since the planner takes ten rows a step for granted, and for that many compiles
-- (jit) what is done sooner without.
CREATE VIEW outbox.origin AS
SELECT m.id AS message, c.id AS change, c.operation, c.source, c.changed_at, c.changed_by, c.application
FROM outbox.message AS m
CROSS JOIN LATERAL (
    WITH RECURSIVE step AS (
        SELECT m.id, m.cause
        UNION ALL
        (SELECT c.id, c.cause FROM step AS s JOIN outbox.message AS c ON c.id = s.cause LIMIT 1)
    )
    SELECT min(s.id) AS change FROM step AS s  -- a cause is older than what was expanded from it
) AS o
JOIN outbox.message AS c ON c.id = o.change;
COMMENT ON VIEW outbox.origin IS
    'The change behind each message: what it was expanded from, however many steps ago, or itself. JOIN outbox.origin AS c ON c.message = m.id';
COMMENT ON COLUMN outbox.origin.message IS 'Any message';
COMMENT ON COLUMN outbox.origin.change IS 'The message that stands for the change; where prune forgot it, the oldest that is left of what came of it';

-- How the relay is doing, in numbers: what its metrics tell too, but with or without a relay. No personal data.

CREATE VIEW outbox.backlog AS
SELECT b.target, b.resource,
       count(*) FILTER (WHERE b.status = 'pending') AS pending,
       count(*) FILTER (WHERE b.status = 'pending' AND (b.due_at IS NULL OR b.due_at <= clock_timestamp())) AS due,
       count(*) FILTER (WHERE b.status = 'held') AS held,
       count(*) FILTER (WHERE b.status = 'dead') AS dead,
       extract(epoch FROM clock_timestamp() - min(b.changed_at) FILTER (WHERE b.status = 'pending'))::float8 AS oldest_pending_s
FROM (
    -- two parts, so that each has its small index: the table itself is mostly history
    SELECT m.target, m.resource, m.status, m.due_at, m.changed_at FROM outbox.message AS m WHERE m.status = 'pending'
    UNION ALL
    SELECT m.target, m.resource, m.status, m.due_at, m.changed_at FROM outbox.message AS m WHERE m.status IN ('held', 'dead')
) AS b
GROUP BY b.target, b.resource;
COMMENT ON VIEW outbox.backlog IS 'What is not done, per target and resource; no row: nothing';
COMMENT ON COLUMN outbox.backlog.pending IS 'Messages that the relay has to do';
COMMENT ON COLUMN outbox.backlog.due IS 'Of these, those that need not wait for another attempt';
COMMENT ON COLUMN outbox.backlog.held IS 'Messages that wait for a person';
COMMENT ON COLUMN outbox.backlog.dead IS 'Messages that were refused, or are out of attempts';
COMMENT ON COLUMN outbox.backlog.oldest_pending_s IS 'Seconds since the oldest pending change';

CREATE VIEW outbox.lanes AS
SELECT l.target, l.lane,
       CASE WHEN l.expires_at > clock_timestamp() THEN l.holder END AS holder,
       CASE WHEN l.expires_at > clock_timestamp() THEN r.since END AS since,
       CASE WHEN l.expires_at > clock_timestamp()
           THEN extract(epoch FROM l.expires_at - clock_timestamp())::float8 END AS expires_in_s,
       l.epoch
FROM outbox.lease AS l
LEFT JOIN outbox.relay AS r ON r.target = l.target AND r.holder = l.holder;
COMMENT ON VIEW outbox.lanes IS 'Which relay serves which lane of which target now';
COMMENT ON COLUMN outbox.lanes.holder IS 'host/process-number/target of the relay; null: nobody';
COMMENT ON COLUMN outbox.lanes.since IS 'Since when that relay is there';
COMMENT ON COLUMN outbox.lanes.expires_in_s IS 'Seconds until it is taken over unless the relay renews it';
COMMENT ON COLUMN outbox.lanes.epoch IS 'Goes up with every new holder';

CREATE VIEW outbox.health AS
SELECT t.target, t.active_since IS NOT NULL AS active, t.paused_at IS NOT NULL AS paused,
       (SELECT count(*) FROM outbox.relay AS r WHERE r.target = t.target AND r.expires_at > clock_timestamp()) AS relays,
       count(l.lane) AS lanes,
       count(l.lane) FILTER (WHERE l.holder IS NULL) AS free_lanes,
       coalesce(max(b.pending), 0) AS pending, coalesce(max(b.due), 0) AS due,
       coalesce(max(b.held), 0) AS held, coalesce(max(b.dead), 0) AS dead, max(b.oldest_pending_s) AS oldest_pending_s
FROM outbox.target AS t
LEFT JOIN outbox.lanes AS l ON l.target = t.target
LEFT JOIN (
    SELECT b.target, sum(b.pending)::bigint AS pending, sum(b.due)::bigint AS due, sum(b.held)::bigint AS held,
           sum(b.dead)::bigint AS dead, max(b.oldest_pending_s) AS oldest_pending_s
    FROM outbox.backlog AS b
    GROUP BY b.target
) AS b ON b.target = t.target
GROUP BY t.target;
COMMENT ON VIEW outbox.health IS 'One row per target: may it be sent to, is it served, how far behind is it';
COMMENT ON COLUMN outbox.health.relays IS 'Relays alive, those that stand by included';
COMMENT ON COLUMN outbox.health.free_lanes IS 'Lanes that nobody serves: more than none for longer than a lease is bad';

CREATE VIEW outbox.calls AS
SELECT a.target, a.resource, a.http_status, count(*) AS calls,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.took_ms) AS p50_ms,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY a.took_ms) AS p95_ms,
       max(a.started_at) AS last_at
-- a call that carries many values has an attempt for each
FROM (SELECT DISTINCT target, resource, http_status, started_at, took_ms, method, path, key[1]
      FROM outbox.attempt WHERE started_at > clock_timestamp() - interval '1 hour') AS a
GROUP BY a.target, a.resource, a.http_status;
COMMENT ON VIEW outbox.calls IS 'Calls to the clouds in the last hour, and how long they took';
COMMENT ON COLUMN outbox.calls.http_status IS 'Null: no answer';

-- By key and not by cause: registers that meet are expanded together, under the name of one of them. Equal rows are not
-- looked at one by one, so of them there is no message: they are the rest of the mirror.
CREATE VIEW outbox.register_result AS
SELECT r.id AS register, r.changed_at AS registered_at, r.changed_by AS registered_by,
       r.target, r.resource, k.key, replace(k.became, '_', ' ') AS became, k.why
FROM outbox.message AS r
JOIN outbox.resource AS s ON s.resource = r.resource
CROSS JOIN LATERAL (
    (SELECT DISTINCT ON (m.key) m.key, coalesce(m.outcome, m.status) AS became, m.error AS why
     FROM outbox.message AS m
     WHERE m.id >= r.id AND m.target = r.target AND m.resource = r.resource
       AND cardinality(m.key) = cardinality(s.key_columns) AND m.key[1 : cardinality(r.key)] = r.key
       AND m.outcome IS DISTINCT FROM 'expanded' AND m.outcome IS DISTINCT FROM 'superseded'
     -- looked at twice: what was done counts, and not that nothing was left to do
     ORDER BY m.key, m.outcome IS NOT DISTINCT FROM 'unchanged', m.id DESC)
    UNION ALL
    SELECT m.key, CASE WHEN r.status = 'pending' THEN 'pending' ELSE 'unchanged' END, NULL
    FROM outbox.mirror AS m
    WHERE m.target = r.target AND m.resource = r.resource AND m.key[1 : cardinality(r.key)] = r.key
      AND NOT EXISTS (
          SELECT FROM outbox.message AS o
          WHERE o.id >= r.id AND o.target = r.target AND o.resource = r.resource AND o.key = m.key
            AND o.outcome IS DISTINCT FROM 'superseded')
) AS k
WHERE r.operation = 'REGISTER' AND r.cause IS NULL;
COMMENT ON VIEW outbox.register_result IS
    'What has become of each row since it was registered: SELECT * FROM outbox.register_result WHERE register = the id that outbox.register() answered';
COMMENT ON COLUMN outbox.register_result.register IS 'The id that outbox.register() answered, one for each resource';
COMMENT ON COLUMN outbox.register_result.key IS 'Values of the key columns, all of them';
COMMENT ON COLUMN outbox.register_result.became IS 'created, updated, removed, unchanged, not ready, held, dead; pending: not its turn yet';
COMMENT ON COLUMN outbox.register_result.why IS 'What is missing, why a person has to decide, or what the cloud said';

-- Neither what PostgreSQL gives everybody (EXECUTE on functions) nor what this database gives on all that is new (ALTER
-- DEFAULT PRIVILEGES) is meant for the outbox. Without USAGE on its schema nothing that comes later is reached either.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('REVOKE ALL ON %s FROM %s', o.what,
                      CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM (
            SELECT 'SCHEMA outbox', nspacl, nspowner FROM pg_namespace WHERE nspname = 'outbox'
            UNION ALL
            SELECT format('TABLE outbox.%I', relname), relacl, relowner FROM pg_class
            WHERE relnamespace = 'outbox'::regnamespace AND relkind IN ('r', 'v', 'S')
            UNION ALL
            SELECT format('FUNCTION %s', oid::regprocedure), coalesce(proacl, acldefault('f', proowner)), proowner
            FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace
        ) AS o (what, acl, owner)
        CROSS JOIN LATERAL aclexplode(o.acl) AS a
        WHERE a.grantee <> o.owner
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
