-- The same messages as capture writes, as they are mostly written: row by row, by a plain trigger of whoever may.
CREATE FUNCTION accountview.enqueue_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO outbox.message (target, resource, via, operation, source)
        VALUES ('visma_net', 'projects',
                jsonb_build_object('follow', 'follow_administration_code_to_companies_code',
                                   'start', jsonb_build_object('administration_code', OLD.administration_code),
                                   'key', jsonb_build_object('project_code', OLD.code)),
                TG_OP, 'accountview.projects');
    END IF;
    IF TG_OP = 'INSERT'
       OR TG_OP = 'UPDATE' AND (NEW.administration_code, NEW.code) <> (OLD.administration_code, OLD.code) THEN
        INSERT INTO outbox.message (target, resource, via, operation, source)
        VALUES ('visma_net', 'projects',
                jsonb_build_object('follow', 'follow_administration_code_to_companies_code',
                                   'start', jsonb_build_object('administration_code', NEW.administration_code),
                                   'key', jsonb_build_object('project_code', NEW.code)),
                TG_OP, 'accountview.projects');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER enqueue AFTER INSERT OR DELETE ON accountview.projects
    FOR EACH ROW EXECUTE FUNCTION accountview.enqueue_project();
CREATE TRIGGER enqueue_update AFTER UPDATE ON accountview.projects
    FOR EACH ROW
    WHEN ((OLD.administration_code, OLD.code, OLD.description, OLD.start_date, OLD.end_date, OLD.status)
          IS DISTINCT FROM
          (NEW.administration_code, NEW.code, NEW.description, NEW.start_date, NEW.end_date, NEW.status))
    EXECUTE FUNCTION accountview.enqueue_project();
