SELECT @values
FROM (
    SELECT @columns
    FROM @rows
    @where
) AS r
@resources
