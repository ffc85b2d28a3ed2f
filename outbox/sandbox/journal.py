"""What happened lately: the calls made, and what they changed in words."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT_CALLS = 1000
KEPT_CHANGES = 100


@dataclass(frozen=True)
class LoggedCall:
    """`at`: when it came in, seconds since the epoch. status None: the connection was dropped without an answer.
    path: without the query, which may hold an e-mail address.
    """

    at: float
    target: str
    method: str
    path: str
    status: int | None
    took_ms: float
    fault: str | None
    request_id: str | None


@dataclass(frozen=True)
class Change:
    at: float
    target: str
    what: str


class Journal:
    def __init__(self) -> None:
        self._resets = 0
        self.clear()

    def clear(self) -> None:
        self._resets += 1
        self.total = 0
        self.counts: Counter[str] = Counter()
        self.calls: deque[LoggedCall] = deque(maxlen=KEPT_CALLS)
        self.changes: deque[Change] = deque(maxlen=KEPT_CHANGES)

    @property
    def version(self) -> str:
        """Another one after every call and every reset."""
        return f"{self._resets}.{self.total}"

    def record(self, call: LoggedCall, endpoint: str) -> None:
        """`endpoint` is what is counted: `visma_net PUT /project/{code}`."""
        self.total += 1
        self.counts[endpoint] += 1
        self.calls.append(call)

    def report(self, last: int) -> dict[str, Any]:
        """What `/sandbox/requests` shows: the last calls, oldest first."""
        calls = list(self.calls)[-last:] if last else []
        return {
            "total": self.total,
            "counts": dict(sorted(self.counts.items())),
            "last": [asdict(c) for c in calls],
        }
