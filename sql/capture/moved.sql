-- What a MERGE moves to another partition PostgreSQL shows to no trigger on statements. Where this may be one, by the
-- text of the innermost statement or because there is none, all that reads the table is rechecked.
DECLARE
    context text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;  -- its first line is this function
    IF TG_OP = 'UPDATE' AND (
        concat_ws(' ', context, current_query()) ~* E'\\mmerge\\M'
        OR coalesce(nullif(split_part(context, E'\n', 2), ''), current_query(), '') !~* E'\\m(update|insert|with)(\\s|$)'
    ) THEN
        written := @many;
    END IF;
END;
