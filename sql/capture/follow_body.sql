    SELECT DISTINCT e.start, @anchor@as_text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (@columns)
    @joins
    WHERE @anchor IS NOT NULL
