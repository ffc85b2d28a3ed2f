-- Who may do what in schema outbox, when the roles of roles.sql exist: run by `outbox install`, compared by
-- `outbox check`. What is not listed is not allowed; PUBLIC may do nothing. Beside these, install lets the relay and the
-- operator read the desired views, and the owner the tables behind them. One statement a line group, ending in `;`.

GRANT USAGE ON SCHEMA outbox TO outbox_relay, outbox_operator, outbox_auditor;

-- What is there, and how things stand
GRANT SELECT ON outbox.migration, outbox.manifest, outbox.identity, outbox.target, outbox.resource, outbox.lease,
    outbox.bell, outbox.rate
    TO outbox_relay, outbox_operator, outbox_auditor;
GRANT SELECT ON outbox.pause, outbox.passed, outbox.approval, outbox.rejection TO outbox_relay, outbox_operator, outbox_auditor;
GRANT SELECT ON outbox.relay, outbox.verified, outbox.not_ours, outbox.application, outbox.attempt, outbox.decision
    TO outbox_relay, outbox_operator, outbox_auditor;
GRANT SELECT ON outbox.health, outbox.backlog, outbox.lanes, outbox.calls, outbox.register_result, outbox.origin
    TO outbox_relay, outbox_operator, outbox_auditor;
GRANT EXECUTE ON FUNCTION outbox.here, outbox.is_home TO outbox_relay, outbox_operator, outbox_auditor;
GRANT EXECUTE ON FUNCTION outbox.lane TO outbox_relay;

-- Messages. The relay writes those that follow from others, but not who changed what, when and where; a trigger on the
-- table keeps it from changing what is done; what is approved it only reads. Only operators read documents beside it
GRANT SELECT ON outbox.message, outbox.mirror TO outbox_relay, outbox_operator;
GRANT SELECT (id, status, outcome, target, resource, key, via, operation, source, transaction, changed_at, changed_by,
              application, cause, attempts, due_at, settled_at, http_status, error, approved, withheld, batch)
    ON outbox.message TO outbox_auditor;
GRANT SELECT (target, resource, key, remote_id, in_doubt, intent, parents, etag, confirmed_at, message_id,
              doubted, unlinked, gone)
    ON outbox.mirror TO outbox_auditor;
GRANT INSERT (target, resource, key, via, operation, source, cause, status, outcome, settled_at, error, withheld, batch,
              row_hash)
    ON outbox.message TO outbox_relay;
GRANT EXECUTE ON FUNCTION outbox.is_message, outbox.noted_intent TO outbox_relay;
GRANT UPDATE (status, outcome, key, attempts, due_at, settled_at, http_status, error, document, withheld, batch, row_hash)
    ON outbox.message TO outbox_relay;

-- The relay's own: what the clouds hold, what was called, who relays, who sleeps, what the clouds said of their limits
GRANT INSERT, UPDATE, DELETE ON outbox.mirror, outbox.bell, outbox.relay, outbox.passed TO outbox_relay;
GRANT INSERT, UPDATE ON outbox.rate TO outbox_relay;
GRANT UPDATE (found, applied_at) ON outbox.approval TO outbox_relay;
GRANT DELETE ON outbox.rejection TO outbox_relay;
GRANT INSERT ON outbox.attempt TO outbox_relay;
GRANT UPDATE ON outbox.lease TO outbox_relay;
GRANT INSERT, DELETE ON outbox.pause TO outbox_relay;
GRANT UPDATE (paused_at, why, down_since, down_why, probe_at, probes) ON outbox.target TO outbox_relay;
GRANT EXECUTE ON FUNCTION outbox.notice_fail_over, outbox.recheck_unseen, outbox.ring TO outbox_relay;

GRANT EXECUTE ON FUNCTION outbox.prune_documents, outbox.prune_attempts, outbox.prune_messages TO outbox_relay, outbox_operator;

-- What people decide
GRANT EXECUTE ON FUNCTION outbox.pause, outbox.resume TO outbox_operator;
GRANT EXECUTE ON FUNCTION outbox.stuck, outbox.approve, outbox.reject, outbox.skip, outbox.retry TO outbox_operator;
GRANT EXECUTE ON FUNCTION outbox.register, outbox.adopt, outbox.capture_off, outbox.capture_on TO outbox_operator;

-- What people say of single objects (link, unlink, first contact), register, register --force
GRANT EXECUTE ON FUNCTION outbox.link, outbox.unlink, outbox.meet, outbox.activate, outbox.doubt TO outbox_operator;

-- What was seen in a cloud: verify, apps pull
GRANT EXECUTE ON FUNCTION outbox.mark, outbox.set_back, outbox.record_verified, outbox.believe, outbox.refresh_applications
    TO outbox_relay, outbox_operator;
