-- An update of one row that changes nothing here is seen so at half the price. Of several rows any two differ.
IF NOT EXISTS (
    SELECT FROM old_rows AS o
    LEFT JOIN new_rows AS n ON true
    WHERE @changed
) THEN
    RETURN NULL;
END IF;
