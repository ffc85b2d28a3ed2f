-- What a changed row of accountview.projects rechecks; derived from the desired views by install.
--
-- visma_net.projects; an UPDATE when it changes administration_code, code, description, start_date, end_date or
--   status:
--   * the rows with company_code as follow_administration_code_to_companies_code finds it from administration_code,
--     and project_code = code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_projects()
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
            WHERE ROW(o.administration_code, o.code, o.description, o.start_date, o.end_date, o.status)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.administration_code, n.code, n.description, n.start_date, n.end_date, n.status)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'visma_net', 'projects', NULL::text[],
               jsonb_build_object('follow', 'follow_administration_code_to_companies_code',
                                  'start', jsonb_build_object('administration_code', r.administration_code),
                                  'key', jsonb_build_object('project_code', r.code)),
               TG_OP, 'accountview.projects'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code,
                   coalesce(n.administration_code, o.administration_code)::text AS administration_code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.administration_code = o.administration_code AND n.code = o.code
            WHERE ROW(o.administration_code, o.code, o.description, o.start_date, o.end_date, o.status)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.administration_code, n.code, n.description, n.start_date, n.end_date, n.status)::record
        ) AS r
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'visma_net', 'projects', NULL::text[],
               jsonb_build_object('follow', 'follow_administration_code_to_companies_code',
                                  'start', jsonb_build_object('administration_code', r.administration_code),
                                  'key', jsonb_build_object('project_code', r.code)),
               TG_OP, 'accountview.projects'
        FROM (
            SELECT r.code::text, r.administration_code::text
            FROM changed_rows AS r
        ) AS r
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT 'visma_net', 'projects', '{}'::text[], NULL::jsonb, TG_OP, 'accountview.projects';
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
    SELECT 'visma_net', 'projects', '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.projects';
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.projects
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.projects
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.projects
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.projects
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects();
