-- What a changed row of accountview.users rechecks; derived from the desired views by install.
--
-- accountview_net.users, visma_net.users; an UPDATE when it changes code, first_name, last_name, email or language:
--   * the row with user_code = code
--
-- accountview_net.company_access, accountview_net.app_access, visma_net.company_access; an UPDATE when it changes
--   code or all_administrations:
--   * the rows with user_code = code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_users()
    RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $outbox$
#variable_conflict use_variable  -- a column may be named tg_op
DECLARE
    written bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- An update of one row that changes nothing here is seen so at half the price. Of several rows any two differ.
        IF NOT EXISTS (
            SELECT FROM old_rows AS o
            LEFT JOIN new_rows AS n ON true
            WHERE ROW(o.code, o.first_name, o.last_name, o.email, o.language, o.all_administrations)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.first_name, n.last_name, n.email, n.language, n.all_administrations)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, ARRAY[r.code], NULL::jsonb, TG_OP, 'accountview.users'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            WHERE ROW(o.code, o.first_name, o.last_name, o.email, o.language)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.first_name, n.last_name, n.email, n.language)::record
        ) AS r
        CROSS JOIN (VALUES ('accountview_net', 'users'), ('visma_net', 'users')) AS m (target, resource)
        UNION ALL
        SELECT m.target, m.resource, ARRAY[r.code], NULL::jsonb, TG_OP, 'accountview.users'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            WHERE ROW(o.code, o.all_administrations)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.all_administrations)::record
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, ARRAY[r.code], NULL::jsonb, TG_OP, 'accountview.users'
        FROM (
            SELECT r.code::text
            FROM changed_rows AS r
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'users'),
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'users'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.users'
        FROM (VALUES
            ('accountview_net', 'users'),
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'users'),
            ('visma_net', 'company_access')
        ) AS m (target, resource);
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
    INSERT INTO outbox.message (target, resource, key, via, operation, source)
    SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.users'
    FROM (VALUES
        ('accountview_net', 'users'),
        ('accountview_net', 'company_access'),
        ('accountview_net', 'app_access'),
        ('visma_net', 'users'),
        ('visma_net', 'company_access')
    ) AS m (target, resource);
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.users
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_users();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.users
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_users();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.users
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_users();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.users
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_users();
