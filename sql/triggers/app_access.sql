-- What a changed row of accountview.app_access rechecks; derived from the desired views by install.
--
-- accountview_net.app_access; an UPDATE when it changes app_code, user_code, group_code or roles:
--   * the rows with user_code = user_code
--   * the rows with user_code as follow_group_code_to_group_members_user_code finds it from group_code, and app_code
--     = app_code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_app_access()
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
            WHERE ROW(o.id, o.app_code, o.user_code, o.group_code, o.roles)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.id, n.app_code, n.user_code, n.group_code, n.roles)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', ARRAY[r.user_code], NULL::jsonb, TG_OP, 'accountview.app_access'
        FROM (
            SELECT DISTINCT r.user_code::text
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.id = o.id
            CROSS JOIN LATERAL (VALUES (o.user_code), (n.user_code))
                AS r (user_code)
            WHERE ROW(o.app_code, o.user_code, o.group_code, o.roles)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.app_code, n.user_code, n.group_code, n.roles)::record
              AND r.user_code IS NOT NULL
        ) AS r
        UNION ALL
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_group_code_to_group_members_user_code',
                                  'start', jsonb_build_object('group_code', r.group_code),
                                  'key', jsonb_build_object('app_code', r.app_code)),
               TG_OP, 'accountview.app_access'
        FROM (
            SELECT DISTINCT r.app_code::text, r.group_code::text
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.id = o.id
            CROSS JOIN LATERAL (VALUES (o.app_code, o.group_code), (n.app_code, n.group_code))
                AS r (app_code, group_code)
            WHERE ROW(o.app_code, o.user_code, o.group_code, o.roles)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.app_code, n.user_code, n.group_code, n.roles)::record
              AND r.app_code IS NOT NULL
              AND r.group_code IS NOT NULL
        ) AS r
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', ARRAY[r.user_code], NULL::jsonb, TG_OP, 'accountview.app_access'
        FROM (
            SELECT DISTINCT r.user_code::text
            FROM changed_rows AS r
            WHERE r.user_code IS NOT NULL
        ) AS r
        UNION ALL
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_group_code_to_group_members_user_code',
                                  'start', jsonb_build_object('group_code', r.group_code),
                                  'key', jsonb_build_object('app_code', r.app_code)),
               TG_OP, 'accountview.app_access'
        FROM (
            SELECT DISTINCT r.app_code::text, r.group_code::text
            FROM changed_rows AS r
            WHERE r.app_code IS NOT NULL
              AND r.group_code IS NOT NULL
        ) AS r
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.app_access';
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
    SELECT 'accountview_net', 'app_access', '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.app_access';
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.app_access
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_app_access();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.app_access
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_app_access();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.app_access
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_app_access();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.app_access
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_app_access();
