WHERE EXISTS (
    SELECT FROM @rows
    @where
)
