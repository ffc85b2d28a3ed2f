-- Back on, and everything is rechecked. Creating the triggers anew waits for those who write to the tables at this
-- moment: what they write is unseen yet, so the recheck has to come after them.
CREATE OR REPLACE FUNCTION outbox.capture_on()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        DELETE FROM outbox.manifest WHERE kind = 'off' RETURNING facts ->> 'definition'
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT regexp_replace(pg_get_triggerdef(t.oid), '^CREATE', 'CREATE OR REPLACE')
        FROM pg_trigger AS t
        JOIN pg_proc AS p ON p.oid = t.tgfoid
        WHERE p.pronamespace = 'outbox'::regnamespace
        ORDER BY t.tgrelid, t.tgname
    LOOP
        EXECUTE statement;
    END LOOP;
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT split_part(name, '.', 1), split_part(name, '.', 2), '{}', 'DRIFT', 'capture_on'
    FROM outbox.manifest
    WHERE kind = 'view';
    PERFORM outbox.ring();
END
$outbox$;
