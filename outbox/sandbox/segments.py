"""The rules of the ERP API: the segments of the dimension SUBACCOUNT, many values per call, all or nothing."""

from __future__ import annotations

from typing import Any

from outbox.sandbox.answers import Answer, Call, Refusal, erp_refusal, ipp_refusal
from outbox.sandbox.paths import decode_value_id
from outbox.sandbox.projects import check_match, company_words, filled
from outbox.sandbox.state import Cloud, Record

_NUMBERS = tuple(str(number) for number in range(1, 10))  # which segments a company has: assumed
_Values = dict[str, dict[str, Any]]


def _find(cloud: Cloud, call: Call) -> Record:
    """The segment, empty when nothing was written to it yet."""
    number = call.params[0]
    if number not in _NUMBERS:
        raise erp_refusal(404, f"Segment '{number}' cannot be found in the system.")
    return cloud.segments.get(call.tenant, {}).get(number) or Record({}, 0)


def _failure(why: str) -> Refusal:
    """Published: a segment write that fails answers 500, whatever the reason."""
    return ipp_refusal(500, why, "10105")


def _shown(value: str, data: dict[str, Any]) -> dict[str, Any]:
    return filled({"valueId": value, **data})


def _apply(values: _Values, entry: dict[str, Any], call: Call) -> None:
    value, operation = entry["value"], entry["operation"]
    given = {name: entry[name] for name in ("description", "active") if name in entry}
    if given.get("description") == "":
        given["description"] = None  # assumed: an empty text is no text, as a null
    if operation == "Insert":
        if value in values:
            raise _failure(f"An attempt was made to add a duplicate entry: value '{value}'.")
        if len(value) > call.settings.segment_length:
            raise _failure(f"Value '{value}' is longer than {call.settings.segment_length} characters.")
        values[value] = {"description": None, "active": True} | given
        return
    if value not in values:
        raise _failure(f"Segment value '{value}' cannot be found in the system.")
    if operation == "Update":
        values[value] = values[value] | given
        return
    if value in call.settings.in_use:
        raise _failure(f"Segment value '{value}' cannot be deleted: it is used in subaccounts.")
    del values[value]


def _count_words(entries: list[dict[str, Any]]) -> str:
    operations = [entry["operation"] for entry in entries]
    words = (("Insert", "added"), ("Update", "updated"), ("Delete", "deleted"))
    return ", ".join(f"{operations.count(name)} {word}" for name, word in words if name in operations)


def write_segment(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    check_match(record, call)
    values: _Values = dict(record.data)
    for entry in call.body["segmentValues"]:
        _apply(values, entry, call)
    record = Record(values, cloud.next_revision())
    cloud.segments.setdefault(call.tenant, {})[call.params[0]] = record
    counted = _count_words(call.body["segmentValues"])
    note = f"segment {call.params[0]}: {counted}{company_words(cloud, call)}"
    return Answer(204, headers={"ETag": record.etag}, note=note)


def read_segment(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    body = {
        "segmentId": int(call.params[0]),
        "length": call.settings.segment_length,
        "segmentValues": [_shown(value, data) for value, data in record.data.items()],
    }
    return Answer(200, body, {"ETag": record.etag})


def read_segment_value(cloud: Cloud, call: Call) -> Answer:
    record, value = _find(cloud, call), decode_value_id(call.params[1])
    if value not in record.data:
        raise erp_refusal(404, f"Segment value '{value}' cannot be found in the system.")
    return Answer(200, _shown(value, record.data[value]), {"ETag": record.etag})
