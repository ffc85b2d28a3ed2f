-- What a changed row of accountview.user_groups rechecks; derived from the desired views by install.
--
-- accountview_net.company_access, accountview_net.app_access, visma_net.company_access; an UPDATE when it changes
--   code or all_administrations:
--   * the rows with user_code as follow_code_to_group_members_user_code finds it from code (only with
--     all_administrations true)
CREATE OR REPLACE FUNCTION outbox.capture_accountview_user_groups()
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
            WHERE ROW(o.code, o.all_administrations)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.all_administrations)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_group_members_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.user_groups'
        FROM (
            SELECT DISTINCT r.code::text
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            CROSS JOIN LATERAL (VALUES (o.code, o.all_administrations), (n.code, n.all_administrations))
                AS r (code, all_administrations)
            WHERE ROW(o.code, o.all_administrations)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.all_administrations)::record
              AND r.code IS NOT NULL
              AND r.all_administrations IN (true)
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_group_members_user_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.user_groups'
        FROM (
            SELECT DISTINCT r.code::text
            FROM changed_rows AS r
            WHERE r.code IS NOT NULL
              AND r.all_administrations IN (true)
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.user_groups'
        FROM (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
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
    SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.user_groups'
    FROM (VALUES
        ('accountview_net', 'company_access'),
        ('accountview_net', 'app_access'),
        ('visma_net', 'company_access')
    ) AS m (target, resource);
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.user_groups
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_user_groups();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.user_groups
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_user_groups();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.user_groups
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_user_groups();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.user_groups
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_user_groups();
