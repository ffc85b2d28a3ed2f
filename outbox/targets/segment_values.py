"""Values of a segment: how one should be, what the ERP holds, and which operation leads from this to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from outbox.errors import Transient
from outbox.targets.answers import Answer, TooLarge, Verdict
from outbox.targets.api import Errand
from outbox.targets.delivery import Action, Delivery
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.wire import base64_id, fill, wrap


@dataclass(frozen=True)
class Entry:
    """A value as the ERP holds it."""

    description: str | None
    active: bool


@dataclass(frozen=True)
class Value:
    """A value as it should be; wanted None: not there at all. believed: the mirror says that the ERP has it."""

    code: str
    wanted: Entry | None
    believed: bool


@dataclass(frozen=True)
class Segment:
    """What was read. etag None: the values were read one by one."""

    entries: Mapping[str, Entry]
    etag: str | None = None

    def is_as(self, value: Value) -> bool:
        return self.entries.get(value.code) == value.wanted

    def status_of(self, value: Value) -> int:
        """What the ERP answered when the value was looked for: 404 to the question for it alone."""
        return 200 if value.code in self.entries or self.etag is not None else 404


def value_of(delivery: Delivery) -> Value:
    document = delivery.document or {}
    entry = Entry(document.get("description") or None, document.get("active") is not False)
    return Value(
        code=delivery.key[1],
        wanted=None if delivery.action is Action.REMOVE else entry,
        believed=delivery.action is not Action.CREATE,
    )


def operation(value: Value, segment: Segment | None) -> dict[str, Any]:
    """segment None: nobody has looked, the mirror is believed.

    >>> operation(Value("110", None, True), None)
    {'operation': 'Delete', 'value': '110'}
    """
    if value.wanted is None:
        return {"operation": "Delete", "value": value.code}
    there = value.believed if segment is None else value.code in segment.entries
    # An empty text clears like a null, and is one of the texts that the published type allows; a new value has nothing
    # to clear.
    description = value.wanted.description or ("" if there else None)
    return {
        "operation": "Update" if there else "Insert",
        "value": value.code,
        **({} if description is None else {"description": wrap(description)}),
        "active": wrap(value.wanted.active),
    }


async def read_segment(errand: Errand, number: int, codes: Iterable[str]) -> Segment | None:
    """What the ERP holds, at least of these codes; None: there is no such segment. Raises CloudError."""
    try:
        answer = await errand.call("GET", fill(ErpEndpoints.segment, segment=number), also=(Verdict.NOT_FOUND,))
    except TooLarge:
        return await _read_singly(errand, number, codes)
    if answer.verdict is Verdict.NOT_FOUND:
        return None
    rows = answer.body.get("segmentValues") if isinstance(answer.body, dict) else None
    if not isinstance(rows, list):
        raise Transient(f"{answer.what} was answered without segmentValues", http_status=answer.status)
    return Segment(dict(_entry(row, answer) for row in rows), answer.etag)


async def _read_singly(errand: Errand, number: int, codes: Iterable[str]) -> Segment:
    entries = {}
    for code in codes:
        path = fill(ErpEndpoints.segment_value, segment=number, value=base64_id(code))
        answer = await errand.call("GET", path, also=(Verdict.NOT_FOUND,))
        if answer.verdict is Verdict.DONE:
            name, entries[code] = _entry(answer.body, answer)
            if name != code:
                raise Transient(f"{answer.what} was answered with another value", http_status=answer.status)
    return Segment(entries)


def _entry(row: Any, answer: Answer) -> tuple[str, Entry]:
    code = row.get("valueId") if isinstance(row, dict) else None
    if not isinstance(code, str):
        raise Transient(f"{answer.what} was answered with a value without an id", http_status=answer.status)
    return code, Entry(row.get("description") or None, row.get("active") is True)
