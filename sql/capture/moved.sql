-- What a MERGE moves to another partition PostgreSQL shows to no trigger on statements. Where this may be one, by the
-- text of the innermost statement or because there is none (that of an EXECUTE is not what it was prepared from), all that
-- reads the table is rechecked. Of a function in SQL only its name is told: whichever may be meant counts.
DECLARE
    context text;
    statement text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;  -- its first line is this function
    statement := coalesce(nullif(split_part(context, E'\n', 2), ''), current_query(), '');
    IF TG_OP = 'UPDATE' AND statement LIKE 'SQL function "%' THEN
        -- not by pg_get_function_sqlbody, which locks the tables that it names; 5 is a MERGE
        statement := (
            SELECT coalesce(string_agg(CASE WHEN p.prosqlbody IS NULL THEN p.prosrc
                                            WHEN p.prosqlbody::text LIKE '%{QUERY :commandType 5 %' THEN 'merge'
                                            ELSE 'update' END, ' '), '')
            FROM pg_proc AS p
            WHERE p.proname = substring(statement FROM '"(.*)"'));
    END IF;
    IF TG_OP = 'UPDATE' AND (
        concat_ws(' ', statement, context, current_query()) ~* E'\\mmerge\\M'
        OR statement !~* E'\\m(update|insert|with)(\\s|$)'
        OR statement ~* E'\\mexecute\\M'
    ) THEN
        written := @many;
    END IF;
END;
