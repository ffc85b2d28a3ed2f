-- Back on, and everything is rechecked: at once, and by the relay once more when the transactions of now have ended,
-- since one of them may have written while capture was off and commit later (see recheck_unseen).
CREATE OR REPLACE FUNCTION outbox.capture_on()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
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
$outbox$;
