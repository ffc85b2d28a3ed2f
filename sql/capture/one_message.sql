SELECT @values
@resources
@where
