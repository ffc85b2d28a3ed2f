-- All that is in schema outbox belongs to outbox_owner. A new owner needs CREATE on the database, if only for a moment.
DO $outbox$
DECLARE
    statement text;
    lacks_create boolean := NOT has_database_privilege('outbox_owner', current_database(), 'CREATE');
BEGIN
    IF lacks_create THEN
        IF NOT has_database_privilege(current_database(), 'CREATE WITH GRANT OPTION') THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'outbox_owner needs CREATE on database %I for a moment, which this role may not give', current_database());
        END IF;
        EXECUTE format('GRANT CREATE ON DATABASE %I TO outbox_owner', current_database());
    END IF;
    FOR statement IN
        SELECT 'ALTER SCHEMA outbox OWNER TO outbox_owner', 1 AS place FROM pg_namespace
        WHERE nspname = 'outbox' AND nspowner <> 'outbox_owner'::regrole
        UNION ALL
        SELECT format('ALTER TABLE outbox.%I OWNER TO outbox_owner', relname), 2 FROM pg_class
        WHERE relnamespace = 'outbox'::regnamespace AND relkind IN ('r', 'v') AND relowner <> 'outbox_owner'::regrole
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO outbox_owner', oid::regprocedure), 3 FROM pg_proc
        WHERE pronamespace = 'outbox'::regnamespace AND proowner <> 'outbox_owner'::regrole
        ORDER BY 2
    LOOP
        EXECUTE statement;
    END LOOP;
    IF lacks_create THEN
        EXECUTE format('REVOKE CREATE ON DATABASE %I FROM outbox_owner', current_database());
    END IF;
END
$outbox$;
