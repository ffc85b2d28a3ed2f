-- An audit trigger of the shape that is mostly installed: one function for any table, each row before and after as jsonb,
-- a record id made of the table and the primary key, and indexes to find a record, a table and a time by.
CREATE FUNCTION accountview.key_columns(source regclass) RETURNS text[] STABLE LANGUAGE sql AS $$
    SELECT array_agg(a.attname::text ORDER BY a.attname)
    FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = source AND i.indisprimary
$$;
CREATE FUNCTION accountview.record_id(source regclass, key_columns text[], r jsonb) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT md5((jsonb_build_array(source::oid) || jsonb_agg(r -> k))::text)::uuid FROM unnest(key_columns) AS k
$$;
CREATE FUNCTION accountview.audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key_columns text[] = accountview.key_columns(TG_RELID);
    old_row jsonb = to_jsonb(OLD);
    new_row jsonb = to_jsonb(NEW);
BEGIN
    INSERT INTO accountview.audit (record_id, old_record_id, source, operation, old_row, new_row)
    VALUES (CASE WHEN TG_OP <> 'DELETE' THEN accountview.record_id(TG_RELID, key_columns, new_row) END,
            CASE WHEN TG_OP <> 'INSERT' THEN accountview.record_id(TG_RELID, key_columns, old_row) END,
            TG_RELID, TG_OP, old_row, new_row);
    RETURN NULL;
END
$$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON accountview.projects
    FOR EACH ROW EXECUTE FUNCTION accountview.audit();
