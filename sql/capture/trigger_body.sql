BEGIN
    IF TG_OP = 'UPDATE' THEN
        @update
    ELSIF TG_OP = 'TRUNCATE' THEN
        @truncate
    ELSE  -- INSERT or DELETE
        @rows
    END IF;
    -- Asked here, since calling ring() for nothing would cost each single-row statement a tenth. See ring().
    IF FOUND AND (EXISTS (SELECT FROM outbox.bell) OR current_setting('transaction_isolation') NOT LIKE 'read %') THEN
        PERFORM outbox.ring();
    END IF;
    RETURN NULL;
EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function THEN
    -- Something is not as it was at install. The application goes on; all that reads the table is rechecked.
    @drift
    RETURN NULL;
END
