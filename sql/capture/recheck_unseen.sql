-- A transaction that wrote by functions or triggers of before may commit after the recheck that install or capture_on
-- wrote. So each of them leaves a row of kind `recheck`; the relay calls this every minute. The first call notes which
-- transactions are running (those with an id are older than the mark; those without may be about to write), and when
-- all of these have ended, everything is rechecked once more.
CREATE OR REPLACE FUNCTION outbox.recheck_unseen()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
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
$outbox$;
