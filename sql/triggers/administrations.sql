-- What a changed row of accountview.administrations rechecks; derived from the desired views by install.
--
-- accountview_net.companies, visma_net.companies; an UPDATE when it changes code, street, postal_code, city or
--   country_code:
--   * the rows with company_code as follow_code_to_companies_code finds it from code
CREATE OR REPLACE FUNCTION outbox.capture_accountview_administrations()
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
            WHERE ROW(o.code, o.street, o.postal_code, o.city, o.country_code)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.street, n.postal_code, n.city, n.country_code)::record
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_companies_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.administrations'
        FROM (
            SELECT coalesce(n.code, o.code)::text AS code
            FROM old_rows AS o
            FULL JOIN new_rows AS n ON n.code = o.code
            WHERE ROW(o.code, o.street, o.postal_code, o.city, o.country_code)::record
                  OPERATOR(pg_catalog.*<>)
                  ROW(n.code, n.street, n.postal_code, n.city, n.country_code)::record
        ) AS r
        CROSS JOIN (VALUES ('accountview_net', 'companies'), ('visma_net', 'companies')) AS m (target, resource)
        LIMIT 10000;
    ELSIF TG_OP <> 'TRUNCATE' THEN  -- INSERT or DELETE
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, NULL::text[],
               jsonb_build_object('follow', 'follow_code_to_companies_code',
                                  'start', jsonb_build_object('code', r.code),
                                  'key', '{}'::jsonb),
               TG_OP, 'accountview.administrations'
        FROM (
            SELECT r.code::text
            FROM changed_rows AS r
        ) AS r
        CROSS JOIN (VALUES ('accountview_net', 'companies'), ('visma_net', 'companies')) AS m (target, resource)
        LIMIT 10000;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF TG_OP = 'TRUNCATE' OR written = 10000 THEN
        -- So many that naming the rest would cost the writer more than looking at everything costs the relay.
        INSERT INTO outbox.message (target, resource, key, via, operation, source)
        SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, TG_OP, 'accountview.administrations'
        FROM (VALUES ('accountview_net', 'companies'), ('visma_net', 'companies')) AS m (target, resource);
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
    SELECT m.target, m.resource, '{}'::text[], NULL::jsonb, 'DRIFT', 'accountview.administrations'
    FROM (VALUES ('accountview_net', 'companies'), ('visma_net', 'companies')) AS m (target, resource);
    RETURN NULL;
END
$outbox$;

CREATE OR REPLACE TRIGGER outbox_insert
    AFTER INSERT ON accountview.administrations
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administrations();

CREATE OR REPLACE TRIGGER outbox_update
    AFTER UPDATE ON accountview.administrations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administrations();

CREATE OR REPLACE TRIGGER outbox_delete
    AFTER DELETE ON accountview.administrations
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administrations();

CREATE OR REPLACE TRIGGER outbox_truncate
    AFTER TRUNCATE ON accountview.administrations
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_administrations();
