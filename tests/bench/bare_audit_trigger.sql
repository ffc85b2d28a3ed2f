-- The least that can be called an audit trigger: each row, before and after, as jsonb, for one table, and no index to
-- find anything by.
CREATE FUNCTION accountview.bare_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accountview.bare_audit (source, operation, old_row, new_row)
    VALUES (TG_RELID, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END
$$;
CREATE TRIGGER bare_audit AFTER INSERT OR UPDATE OR DELETE ON accountview.projects
    FOR EACH ROW EXECUTE FUNCTION accountview.bare_audit();
