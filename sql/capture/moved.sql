-- What a MERGE moves to another partition PostgreSQL shows to no trigger on statements. Where this may be one, by the
-- text of the innermost statement or because there is none (that of an EXECUTE is not what it was prepared from), all that
-- reads the table is rechecked.
DECLARE
    context text;
    statement text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;  -- its first line is this function
    statement := coalesce(nullif(split_part(context, E'\n', 2), ''), current_query(), '');
    IF TG_OP = 'UPDATE' AND (
        concat_ws(' ', context, current_query()) ~* E'\\mmerge\\M'
        OR statement !~* E'\\m(update|insert|with)(\\s|$)'
        OR statement ~* E'\\mexecute\\M'
    ) THEN
        written := @many;
    END IF;
END;
