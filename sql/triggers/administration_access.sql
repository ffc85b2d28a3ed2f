-- What a changed row of accountview.administration_access rechecks; derived from the desired views by install.
--
-- accountview_net.company_access, accountview_net.app_access, visma_net.company_access; an UPDATE when it changes
--   administration_code, user_code or group_code:
--   * the rows with user_code = user_code
--   * the rows with user_code as follow_group_code_to_group_members_user_code finds it from group_code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_administration_access()
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
            WHERE ROW(o.id, o.administration_code, o.user_code, o.group_code)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.id, n.administration_code, n.user_code, n.group_code)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, ARRAY[r.user_code], NULL::jsonb, TG_OP, 'accountview.administration_access'
        FROM (
            SELECT DISTINCT r.user_code::text
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.id = o.id
            CROSS JOIN LATERAL (VALUES (o.user_code), (n.user_code))
                AS r (user_code)
            WHERE ROW(o.administration_code, o.user_code, o.group_code)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.administration_code, n.user_code, n.group_code)::record
              AND r.user_code IS NOT NULL
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        UNION ALL
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_group_code_to_group_members_user_code',
                                  'start', jsonb_build_object('group_code', r.group_code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.administration_access'
        FROM (
            SELECT DISTINCT r.group_code::text
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.id = o.id
            CROSS JOIN LATERAL (VALUES (o.group_code), (n.group_code))
                AS r (group_code)
            WHERE ROW(o.administration_code, o.user_code, o.group_code)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.administration_code, n.user_code, n.group_code)::record
              AND r.group_code IS NOT NULL
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, ARRAY[r.user_code], NULL::jsonb, TG_OP, 'accountview.administration_access'
        FROM (
            SELECT DISTINCT r.user_code::text
            FROM changed_rows AS r
            WHERE r.user_code IS NOT NULL
        ) AS r
        CROSS JOIN (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        UNION ALL
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_group_code_to_group_members_user_code',
                                  'start', jsonb_build_object('group_code', r.group_code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.administration_access'
        FROM (
            SELECT DISTINCT r.group_code::text
            FROM changed_rows AS r
            WHERE r.group_code IS NOT NULL
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
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.administration_access'
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
    SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.administration_access'
    FROM (VALUES
        ('accountview_net', 'company_access'),
        ('accountview_net', 'app_access'),
        ('visma_net', 'company_access')
    ) AS m (target, resource);
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.administration_access
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administration_access();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.administration_access
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administration_access();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.administration_access
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administration_access();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.administration_access
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administration_access();
