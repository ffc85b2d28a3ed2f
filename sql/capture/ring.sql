-- NOTIFY takes a lock of the whole database at commit, so it is sent only while a relay is asleep. Called after the
-- messages are written: the snapshot of this statement is then younger than they are. Above READ COMMITTED no snapshot
-- is, so it rings unseen. A full queue, or PREPARE TRANSACTION after a NOTIFY, would fail the application: then it is
-- silent, and the relay's slow poll finds the messages.
CREATE OR REPLACE FUNCTION outbox.ring()
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
