-- What a changed row of accountview.licence_modules rechecks; derived from the desired views by install.
--
-- accountview_net.company_access, accountview_net.app_access, visma_net.company_access; an UPDATE when it changes
--   module:
--   * every row (only with module ACCESS_1 or ACCESS_2)
--
-- visma_net.users, visma_net.companies; an UPDATE when it changes module:
--   * every row (only with module APPROVAL or AUTOREPORT)
--
-- visma_net.projects; an UPDATE when it changes module:
--   * every row (only with module APPROVAL or PROJECTS)
--
-- visma_net.cost_types; an UPDATE when it changes module:
--   * every row (only with module APPROVAL or COST_TYPES)
--
-- visma_net.cost_centres; an UPDATE when it changes module:
--   * every row (only with module APPROVAL or COST_CENTRES)
CREATE OR REPLACE FUNCTION outbox.capture_accountview_licence_modules()
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
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        FROM (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        WHERE EXISTS (
            SELECT FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.module = o.module
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
              AND coalesce(n.module, o.module) IN ('ACCESS_1'::text, 'ACCESS_2'::text)
        )
        UNION ALL
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        FROM (VALUES ('visma_net', 'users'), ('visma_net', 'companies')) AS m (target, resource)
        WHERE EXISTS (
            SELECT FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.module = o.module
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
              AND coalesce(n.module, o.module) IN ('APPROVAL'::text, 'AUTOREPORT'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'projects', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.module = o.module
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
              AND coalesce(n.module, o.module) IN ('APPROVAL'::text, 'PROJECTS'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'cost_types', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.module = o.module
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
              AND coalesce(n.module, o.module) IN ('APPROVAL'::text, 'COST_TYPES'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'cost_centres', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.module = o.module
            WHERE ROW(o.module)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.module)::record
              AND coalesce(n.module, o.module) IN ('APPROVAL'::text, 'COST_CENTRES'::text)
        )
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        FROM (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'company_access')
        ) AS m (target, resource)
        WHERE EXISTS (
            SELECT FROM changed_rows AS r
            WHERE r.module IN ('ACCESS_1'::text, 'ACCESS_2'::text)
        )
        UNION ALL
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        FROM (VALUES ('visma_net', 'users'), ('visma_net', 'companies')) AS m (target, resource)
        WHERE EXISTS (
            SELECT FROM changed_rows AS r
            WHERE r.module IN ('APPROVAL'::text, 'AUTOREPORT'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'projects', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM changed_rows AS r
            WHERE r.module IN ('APPROVAL'::text, 'PROJECTS'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'cost_types', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM changed_rows AS r
            WHERE r.module IN ('APPROVAL'::text, 'COST_TYPES'::text)
        )
        UNION ALL
        SELECT 'visma_net', 'cost_centres', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        WHERE EXISTS (
            SELECT FROM changed_rows AS r
            WHERE r.module IN ('APPROVAL'::text, 'COST_CENTRES'::text)
        )
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.licence_modules'
        FROM (VALUES
            ('accountview_net', 'company_access'),
            ('accountview_net', 'app_access'),
            ('visma_net', 'users'),
            ('visma_net', 'companies'),
            ('visma_net', 'company_access'),
            ('visma_net', 'projects'),
            ('visma_net', 'cost_types'),
            ('visma_net', 'cost_centres')
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
    SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.licence_modules'
    FROM (VALUES
        ('accountview_net', 'company_access'),
        ('accountview_net', 'app_access'),
        ('visma_net', 'users'),
        ('visma_net', 'companies'),
        ('visma_net', 'company_access'),
        ('visma_net', 'projects'),
        ('visma_net', 'cost_types'),
        ('visma_net', 'cost_centres')
    ) AS m (target, resource);
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.licence_modules
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_licence_modules();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.licence_modules
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_licence_modules();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.licence_modules
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_licence_modules();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.licence_modules
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_licence_modules();
