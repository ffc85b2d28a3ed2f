SELECT @about, @key, @via, TG_OP, @source
FROM (
    SELECT @columns
    FROM @rows
    @where
) AS r
@resources
