"""Faults on demand: which requests they hit, how often, and what then happens; `clouds` acts on them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from enum import StrEnum
from types import NoneType
from typing import Any

from outbox.sandbox.answers import Answer, gateway_page


class Kind(StrEnum):
    LATENCY = "latency"  # wait, then go on as usual
    STATUS = "status"  # answer with this status, headers and body; nothing is applied
    STATUS_AFTER = "status_after"  # the same, but applied
    DROP_BEFORE = "drop_before"  # reset the connection; nothing is applied
    DROP_AFTER = "drop_after"  # apply, then reset the connection
    TRUNCATE = "truncate"  # apply, send half of the answer, end the connection
    HTML = "html"  # a gateway's page; nothing is applied
    EMPTY = "empty"  # apply, answer without a body (and so without an id)
    RETRY_AFTER = "retry_after"  # 429 or 503 with Retry-After; nothing is applied
    ACCEPTED = "accepted"  # ERP only: apply, but answer 202 and where to ask for the outcome


UNAPPLIED = (Kind.STATUS, Kind.DROP_BEFORE, Kind.HTML, Kind.RETRY_AFTER)
_DEFAULT_STATUS = {Kind.STATUS: 503, Kind.STATUS_AFTER: 500, Kind.RETRY_AFTER: 429}


@dataclass(frozen=True)
class Fault:
    """path: a regular expression, searched in the decoded path without the query. times: None for ever. after: so many
    matches pass unharmed first. retry_after: seconds, or "date" for the date that is `retry_after_s` from now.
    """

    kind: Kind
    path: str = ""
    method: str | None = None
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    latency_ms: float = 0
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | str = 1
    retry_after_s: float = 1


_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "path": (str,),
    "method": (str, NoneType),
    "times": (int, NoneType),
    "after": (int,),
    "probability": (int, float),
    "seed": (int,),
    "latency_ms": (int, float),
    "status": (int, NoneType),
    "body": (object,),
    "headers": (dict,),
    "retry_after": (int, float, str),
    "retry_after_s": (int, float),
}


def parse_fault(given: Any) -> Fault:
    """Raises ValueError with a sentence."""
    if not isinstance(given, dict) or "kind" not in given:
        raise ValueError("a fault is an object with a kind")
    if given["kind"] not in set(Kind):
        raise ValueError(f"a fault's kind is one of {', '.join(Kind)}")
    for name, value in given.items():
        if name not in _TYPES:
            raise ValueError(f"a fault has no {name}; it has {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[name]):
            raise ValueError(f"a fault's {name} cannot be {value!r}")
    if given.get("status") and not 200 <= given["status"] <= 599:
        raise ValueError("a fault's status is 200 to 599")
    try:
        re.compile(given.get("path", ""))
    except re.error as error:
        raise ValueError(f"a fault's path is a regular expression: {error}") from error
    return Fault(**given | {"kind": Kind(given["kind"])})


class ActiveFault:
    """A fault with its counters and its own dice: the same seed hits the same requests."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.matched = 0
        self.hit = 0
        self._path = re.compile(fault.path)
        self._dice = random.Random(fault.seed)  # noqa: S311 - has to be repeatable, not secret

    def strikes(self, method: str, path: str) -> bool:
        fault = self.fault
        if fault.times is not None and self.hit >= fault.times:
            return False
        if fault.method not in (None, method) or not self._path.search(path):
            return False
        self.matched += 1
        if self.matched <= fault.after or self._dice.random() >= fault.probability:
            return False
        self.hit += 1
        return True


class Faults:
    def __init__(self) -> None:
        self._active: list[ActiveFault] = []
        self._over = asyncio.Event()

    def add(self, fault: Fault) -> None:
        self._active.append(ActiveFault(fault))

    def clear(self) -> None:
        """What waits goes on."""
        self._active.clear()
        self._over.set()
        self._over = asyncio.Event()

    async def wait(self, latency_s: float) -> None:
        """So long, or until the faults are over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), latency_s)

    def described(self) -> list[dict[str, Any]]:
        return [asdict(active.fault) | {"hit": active.hit} for active in self._active]

    def strike(self, method: str, path: str) -> tuple[float, Fault | None]:
        """How long to wait (seconds), and the first other fault that hits this request."""
        latency_s = 0.0
        for active in self._active:
            if not active.strikes(method, path):
                continue
            if active.fault.kind is not Kind.LATENCY:
                return latency_s, active.fault
            latency_s += active.fault.latency_ms / 1000
        return latency_s, None


def faulty_answer(fault: Fault, now: float) -> Answer:
    """What a fault that gives an answer of its own says; `now` in seconds since the epoch."""
    status = fault.status or _DEFAULT_STATUS.get(fault.kind, 200)
    if fault.kind is Kind.HTML:
        return gateway_page(status, "Service unavailable")
    if fault.kind is Kind.RETRY_AFTER:
        date = formatdate(now + fault.retry_after_s, usegmt=True)
        after = date if fault.retry_after == "date" else str(fault.retry_after)
        return Answer(status, fault.body or {"message": "Too many requests."}, {"Retry-After": after})
    return Answer(status, fault.body, fault.headers)
