-- The emergency switch: triggers stay, but do nothing. Replacing a function blocks nobody and waits for nobody.
CREATE OR REPLACE FUNCTION outbox.capture_off()
    RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
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
$outbox$;
