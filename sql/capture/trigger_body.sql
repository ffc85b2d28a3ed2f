#variable_conflict use_variable  -- a column may be named tg_op
DECLARE
    written bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        @unless_changed
        @update
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        @rows
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    @moved
    IF TG_OP = 'TRUNCATE' OR written = @many THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        @everything
    END IF;
    -- Asked here, since calling ring() for nothing would cost each single-row statement a tenth. See ring().
    IF FOUND AND (EXISTS (SELECT FROM outbox.bell) OR current_setting('transaction_isolation') NOT LIKE 'read %') THEN
        PERFORM outbox.ring();
    END IF;
    RETURN NULL;
EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR invalid_schema_name
    OR insufficient_privilege OR program_limit_exceeded THEN
    -- Something is not as it was at install (a right on an operator, too), or a key is too long for an index. The
    -- application goes on; all that reads the table is rechecked.
    @drift
    RETURN NULL;
END
