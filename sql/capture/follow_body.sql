#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, @anchor@as_text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (@columns)
    @joins
    WHERE @anchor IS NOT NULL;
END
