-- The least that a trigger can do which says which rows changed and costs a bulk change little: the rows before and after
-- joined and compared as capture does it, and the key written to a table that has nothing but it. No rights of its own,
-- no drift that it survives, no bell, nothing of who, when and what for.
CREATE TABLE accountview.changed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text);
CREATE FUNCTION accountview.note_changed()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO accountview.changed (code)
    SELECT coalesce(n.code, o.code)
    FROM old_rows AS o
    FULL JOIN new_rows AS n ON n.administration_code = o.administration_code AND n.code = o.code
    WHERE ROW(o.administration_code, o.code, o.description, o.start_date, o.end_date, o.status)::record
          OPERATOR(pg_catalog.*<>)
          ROW(n.administration_code, n.code, n.description, n.start_date, n.end_date, n.status)::record;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_changed
    AFTER UPDATE ON accountview.projects
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION accountview.note_changed();
