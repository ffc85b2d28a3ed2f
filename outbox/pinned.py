"""The settings under which a value has one text form: capture and relay both run under these."""

PINNED = {
    "search_path": "pg_catalog, pg_temp",  # nobody's functions and operators in place of the built-in ones
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
