"""What a relay has done for one target since it started: for its health and its metrics. No personal data."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from outbox.relay.rows import Settled
from outbox.targets.delivery import Call, Delivery

BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))


@dataclass
class Counts:
    """settled: (resource, outcome) -> messages; calls: (resource, method, status) -> calls; took: how many of them were
    in each of BUCKETS_S. moved_at, came_at, of the monotonic clock: when something became done, held or dead, and when
    an answer came back or the first call was begun.
    """

    settled: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    took: list[int] = field(default_factory=lambda: [0] * len(BUCKETS_S))
    took_s: float = 0.0
    moved_at: float = field(default_factory=time.monotonic)
    came_at: float = field(default_factory=time.monotonic)

    def settled_now(self, work: Iterable[Settled]) -> None:
        over = [s for s in work if s.status != "pending"]
        for s in over:
            self.settled[(s.resource, s.outcome or s.status)] += len(s.ids)
        if over:
            self.moved_at = time.monotonic()

    def called_now(self, calls: Iterable[tuple[Delivery, Call]]) -> None:
        for resource, call in {id(call): (d.resource, call) for d, call in calls}.values():  # one may be for many
            self.calls[(resource, call.method, str(call.http_status or "none"))] += 1
            self.took[bisect_left(BUCKETS_S, call.took_ms / 1000)] += 1
            self.took_s += call.took_ms / 1000
            self.came_at = time.monotonic()
