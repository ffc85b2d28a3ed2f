SELECT @about, @key, @via, @operation, @source
@resources
@where
