-- What a changed row of accountview.apps rechecks; derived from the desired views by install.
--
-- accountview_net.app_access; an UPDATE when it changes code or default_role:
--   * the rows with user_code as follow_code_to_app_access_user_code finds it from code, and app_code = code
--   * the rows with user_code as follow_code_to_app_access_group_members_user_code finds it from code, and app_code =
--     code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_apps()
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
            WHERE ROW(o.code, o.default_role)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.default_role)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_app_access_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', jsonb_build_object('app_code', r.code)),
               TG_OP, 'accountview.apps'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            WHERE ROW(o.code, o.default_role)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.default_role)::record
        ) AS r
        UNION ALL
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_app_access_group_members_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', jsonb_build_object('app_code', r.code)),
               TG_OP, 'accountview.apps'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            WHERE ROW(o.code, o.default_role)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.default_role)::record
        ) AS r
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_app_access_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', jsonb_build_object('app_code', r.code)),
               TG_OP, 'accountview.apps'
        FROM (
            SELECT r.code::text
            FROM changed_rows AS r
        ) AS r
        UNION ALL
        SELECT 'accountview_net', 'app_access', NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_app_access_group_members_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', jsonb_build_object('app_code', r.code)),
               TG_OP, 'accountview.apps'
        FROM (
            SELECT r.code::text
            FROM changed_rows AS r
        ) AS r
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'accountview_net', 'app_access', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.apps';
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
    SELECT 'accountview_net', 'app_access', '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.apps';
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.apps
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_apps();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.apps
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_apps();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.apps
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_apps();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.apps
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_apps();
