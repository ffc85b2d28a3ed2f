-- The usual audit trigger: each row, before and after, as jsonb.
CREATE FUNCTION accountview.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accountview.audit (source, operation, old_row, new_row)
    VALUES (TG_RELID, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END
$$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON accountview.projects
    FOR EACH ROW EXECUTE FUNCTION accountview.audit();
