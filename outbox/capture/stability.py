"""Which functions give the same answer for the same row whenever and by whomever they are asked."""

from __future__ import annotations

import re

from outbox.capture.catalogue import Function

_VOLATILE, _STABLE = "v", "s"

# STABLE built-in functions that are allowed. STABLE says that the answer may hang on settings, time, session or other
# tables. These hang on settings only, and on those that the relay and capture pin (DateStyle, IntervalStyle, TimeZone,
# extra_float_digits, bytea_output, lc_time, lc_numeric, lc_monetary), or on how a value is written as text under them.
_PINNED_TEXT = """
    anytextcat textanycat concat concat_ws format quote_literal quote_nullable array_to_string to_char
    array_out record_out range_out multirange_out anyarray_out enum_out
    date_out time_out timestamp_out timestamptz_out interval_out
"""
_PINNED_JSON = """
    to_json to_jsonb row_to_json array_to_json
    json_build_array json_build_object jsonb_build_array jsonb_build_object
    json_agg jsonb_agg json_agg_strict jsonb_agg_strict
    json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
    json_agg_transfn jsonb_agg_transfn jsonb_agg_finalfn json_agg_strict_transfn jsonb_agg_strict_transfn
    json_object_agg_transfn jsonb_object_agg_transfn jsonb_object_agg_finalfn
    json_object_agg_strict_transfn json_object_agg_unique_transfn json_object_agg_unique_strict_transfn
    jsonb_object_agg_strict_transfn jsonb_object_agg_unique_transfn jsonb_object_agg_unique_strict_transfn
    json_populate_record jsonb_populate_record json_populate_recordset jsonb_populate_recordset
    json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset
"""
_PINNED_TIMES = """
    date timestamp timestamptz time timetz timezone date_trunc date_part extract date_add date_subtract
    to_date to_timestamp make_timestamptz timestamptz_pl_interval timestamptz_mi_interval interval_pl_timestamptz
    overlaps generate_series in_range
    date_eq_timestamptz date_ne_timestamptz date_lt_timestamptz date_le_timestamptz date_gt_timestamptz
    date_ge_timestamptz timestamptz_eq_date timestamptz_ne_date timestamptz_lt_date timestamptz_le_date
    timestamptz_gt_date timestamptz_ge_date
    timestamp_eq_timestamptz timestamp_ne_timestamptz timestamp_lt_timestamptz timestamp_le_timestamptz
    timestamp_gt_timestamptz timestamp_ge_timestamptz timestamptz_eq_timestamp timestamptz_ne_timestamp
    timestamptz_lt_timestamp timestamptz_le_timestamp timestamptz_gt_timestamp timestamptz_ge_timestamp
"""
# What is read from text; an enum's labels are changed by a person, as a view is.
_PINNED_INPUT = """
    date_in time_in timetz_in timestamp_in timestamptz_in interval_in to_number
    array_in record_in range_in multirange_in enum_in domain_in enum_first enum_last enum_range
"""
_PINNED = frozenset(f"{_PINNED_TEXT} {_PINNED_JSON} {_PINNED_TIMES} {_PINNED_INPUT}".split())

_READS = re.compile(
    r"\b(?:select|perform|insert|update|delete|merge|execute)\b.*?\b(?:from|join|into|update|using)\b|\bexecute\b", re.S
)
_NO_TABLE = re.compile(
    r"\bis\s+(?:not\s+)?distinct\s+from\b|\b(?:extract|trim|substring|overlay|position)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)"
)
# Whatever it is declared as. The word after a dot is a column.
_MOMENT = re.compile(
    r"(?<![.\w])(?:current_(?:date|time|timestamp|user|role|schema)|localtime(?:stamp)?|session_user)\b"
    r"|\b(?:now|(?:clock|statement|transaction)_timestamp|timeofday|random|gen_random_uuid|current_setting|nextval)\s*\("
)
_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.S)


def why_unstable(function: Function) -> str | None:
    """The reason, to be read after the name of a view, why it must not call the function; None: it may."""
    if function.built_in:
        if function.volatility == _VOLATILE:
            return f"calls {function.name}(), which answers differently each time"
        if function.volatility == _STABLE and function.name not in _PINNED:
            return f"calls {function.name}(), which depends on the time, the session or other tables"
        return None
    if function.volatility != "i" and not function.within:
        return f"calls {function.sql}, which is not declared IMMUTABLE"
    if function.tables:
        return f"calls {function.sql}, which reads {function.tables[0]}"
    if function.language not in ("sql", "plpgsql"):
        return None
    if reads_table(function.body):
        return f"calls {function.sql}, whose body reads a table"
    if _MOMENT.search(_ASIDE.sub("''", function.body).lower()):
        return f"calls {function.sql}, whose body depends on the time or the session"
    return None


def reads_table(body: str) -> bool:
    """Does the body of a function look as if it read a table? In doubt: yes.

    >>> reads_table("BEGIN RETURN trim(both ' ' from x) IS DISTINCT FROM ''; END")
    False
    >>> reads_table("SELECT name FROM accountview.users WHERE code = $1")
    True
    """
    text = _NO_TABLE.sub(" ", _ASIDE.sub("''", body).lower())
    return bool(_READS.search(text))
