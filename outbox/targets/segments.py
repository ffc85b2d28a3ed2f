"""Cost types and cost centres: values of two segments of the ERP's dimension SUBACCOUNT, many of them in one call.

A failed call is in doubt for every value in it. So the segment is read, what is to be done is chosen anew, and the rest
is split until the bad value stands alone: one bad value does not hold up the others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from outbox.config import TargetSettings
from outbox.errors import CloudError, NotAllowed, Refused, Transient, Unknown
from outbox.targets.answers import Verdict
from outbox.targets.api import Errand
from outbox.targets.delivery import Delivered, Outcome
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.segment_values import Entry, Segment, Value, operation, read_segment, value_of
from outbox.targets.tokens import Company
from outbox.targets.wire import fill

MAX_REAPPLIED = 3


@dataclass(frozen=True)
class _Work:
    """One batch: what has come out so far, by code."""

    errand: Errand
    company: Company
    resource: str
    number: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, int]:
        return self.company.tenant, self.number

    def done(self, value: Value, http_status: int) -> None:
        self.outcomes[value.code] = Delivered(f"{self.company.tenant}/{value.code}", http_status=http_status)


class Segments:
    """One call in flight per segment of a company. The ETag of a segment is remembered while the process lives, so that
    a request of ours that was given up and arrives late finds another one.
    """

    def __init__(self, settings: TargetSettings) -> None:
        self._numbers = {"cost_types": settings.cost_type_segment, "cost_centres": settings.cost_centre_segment}
        self._locks: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._etags: dict[tuple[str, int], str | None] = {}

    async def deliver(self, errand: Errand, company: Company) -> list[Outcome]:
        """One outcome for each delivery of the errand's batch, all of one resource and company."""
        resource = errand.batch[0].resource
        work = _Work(errand, company, resource, self._numbers[resource])
        values = [value_of(delivery) for delivery in errand.batch]
        async with self._locks[work.place]:
            try:
                in_doubt = any(delivery.in_doubt for delivery in errand.batch)
                await self._bring(work, values, await self._read(work, values) if in_doubt else None)
            except Exception as error:  # noqa: BLE001 - of the whole platform or of ours: for all that had no outcome yet
                for value in values:
                    work.outcomes.setdefault(value.code, error)
        return [work.outcomes[value.code] for value in values]

    async def _bring(self, work: _Work, values: list[Value], segment: Segment | None) -> None:
        """Makes the values true, halves at a time where that fails. segment None: nobody has looked yet."""
        values = _without_true(work, values, segment)
        if not values:
            return
        failure = await self._put(work, values, segment)
        if failure is None:
            return
        present = await self._read_back(work, values, failure)
        left = _without_true(work, values, present)
        if segment is None and _operations(left, present) != _operations(values, None):
            await self._bring(work, left, present)  # chosen anew, before anything is blamed
        elif len(left) > 1:
            middle = len(left) // 2
            await self._bring(work, left[:middle], present)
            await self._bring(work, left[middle:], present)
        elif left and len(values) > 1:
            await self._bring(work, left, present)
        elif left:
            await self._bring_alone(work, left[0], present, failure)

    async def _bring_alone(self, work: _Work, value: Value, present: Segment, failure: CloudError) -> None:
        """The bad value. One that is in use cannot be deleted (P): it is made inactive."""
        entry = present.entries.get(value.code)
        if value.wanted is None and entry is not None:
            await self._make_inactive(work, value, entry, present)
        elif isinstance(failure, Unknown):  # read back: it was not applied
            work.outcomes[value.code] = Transient(failure.why, http_status=failure.http_status)
        else:
            work.outcomes[value.code] = failure

    async def _make_inactive(self, work: _Work, value: Value, entry: Entry, present: Segment) -> None:
        if not entry.active:
            work.done(value, present.status_of(value))
            return
        inactive = replace(value, wanted=replace(entry, active=False))
        failure = await self._put(work, [inactive], present)
        if failure is not None:
            work.outcomes[value.code] = failure

    async def _put(self, work: _Work, values: list[Value], segment: Segment | None) -> CloudError | None:
        """None: done. What is returned is perhaps the fault of one value; what is raised is not."""
        path = fill(ErpEndpoints.segment, segment=work.number)
        also = (Verdict.MISMATCH, Verdict.NOT_FOUND, Verdict.EXISTS)
        for _ in range(1 + MAX_REAPPLIED):
            body = {"segmentValues": _operations(values, segment)}
            try:
                answer = await work.errand.call("PUT", path, body, if_match=self._etags.get(work.place), also=also)
            except (Refused, Unknown) as failure:
                if isinstance(failure, Unknown) and failure.http_status != 500:
                    raise
                return failure
            if answer.verdict is Verdict.EXISTS:
                return Refused(f"{answer.what} was answered {answer.status}: {answer.words}", http_status=answer.status)
            if answer.verdict is Verdict.NOT_FOUND:
                raise _no_segment(work)
            if answer.verdict is Verdict.DONE:
                self._etags[work.place] = answer.etag
                for value in values:
                    work.done(value, answer.status)
                return None
            segment = await self._read(work, values)
        raise Transient(f"{path} is being changed by somebody else", http_status=412)

    async def _read(self, work: _Work, values: list[Value]) -> Segment:
        codes = [value.code for value in values]
        segment = await read_segment(work.errand, work.number, codes)
        if segment is None:
            raise _no_segment(work)
        self._etags[work.place] = segment.etag
        return segment

    async def _read_back(self, work: _Work, values: list[Value], failure: CloudError) -> Segment:
        try:
            return await self._read(work, values)
        except CloudError as unread:
            raise Unknown(f"{failure.why}; read back: {unread.why}", http_status=failure.http_status) from None


def _operations(values: list[Value], segment: Segment | None) -> list[dict[str, Any]]:
    return [operation(value, segment) for value in values]


def _without_true(work: _Work, values: list[Value], segment: Segment | None) -> list[Value]:
    """Less those that are as they should be already; they are done."""
    if segment is None:
        return values
    for value in values:
        if segment.is_as(value):
            work.done(value, segment.status_of(value))
    return [value for value in values if not segment.is_as(value)]


def _no_segment(work: _Work) -> NotAllowed:
    setting = {"cost_types": "cost_type_segment", "cost_centres": "cost_centre_segment"}[work.resource]
    return NotAllowed(
        f"company {work.company.code} has no segment {work.number} in the ERP; check the setting {setting}",
        http_status=404,
        company=work.company.code,
    )
