-- The mistake of resolving joined keys when they are written: each coarse message about who may open what becomes
-- full keys at once, as the writing transaction sees them. What a concurrent transaction has not committed is missed.
CREATE FUNCTION outbox.resolve_early() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO outbox.message (target, resource, key, operation, source)
    SELECT NEW.target, NEW.resource, k.key, NEW.operation, NEW.source
    FROM (
        SELECT ARRAY[v.user_code, v.company_code] AS key FROM accountview_net.company_access AS v
        UNION
        SELECT m.key FROM outbox.mirror AS m WHERE m.target = NEW.target AND m.resource = NEW.resource
    ) AS k;
    RETURN NULL;
END
$$;
CREATE TRIGGER resolve_early
    BEFORE INSERT ON outbox.message
    FOR EACH ROW
    WHEN (NEW.resource = 'company_access' AND NEW.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
          AND coalesce(cardinality(NEW.key), 0) < 2)
    EXECUTE FUNCTION outbox.resolve_early();
