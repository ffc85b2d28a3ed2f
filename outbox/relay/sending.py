"""What is on its way: as many calls at once as there are slots, and what has come back of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from outbox.errors import CloudError, PlatformDown, Transient
from outbox.relay.intent import Begun
from outbox.relay.schedule import State, budget
from outbox.relay.store import Store
from outbox.targets.delivery import Call, Delivery, Key, Outcome, Target

logger = logging.getLogger("outbox.relay")


@dataclass(frozen=True)
class Finished:
    begun: Begun
    outcome: Outcome


class Sending:
    """The deliveries of one lane. `woken` is set whenever one has come back."""

    def __init__(self, store: Store, target: Target, slots: int, woken: asyncio.Event) -> None:
        self.store = store
        self.target = target
        self.woken = woken
        self.slots = asyncio.Semaphore(slots)
        self.tasks: set[asyncio.Task[None]] = set()
        self.halted = False  # the target was paused: what was begun and has not left stays here
        self.until = float("inf")  # of the monotonic clock: a call that starts later could outlive the lease
        self.quiet_until: dict[str, float] = {}  # budget -> monotonic time: a Retry-After, obeyed by all its calls
        self.finished: list[Finished] = []
        self.calls: list[tuple[Delivery, Call]] = []

    def start(self, group: list[Begun]) -> None:
        """Let a group go out, as soon as a slot is free."""
        task = asyncio.create_task(self._deliver(group))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def collect(self) -> tuple[list[Finished], list[tuple[Delivery, Call]]]:
        """What has come back since the last time, and the calls that were made for it."""
        if not self.finished:
            return [], []
        finished, calls = self.finished, self.calls
        self.finished, self.calls = [], []
        return finished, calls

    def quiet_s(self, state: State) -> float:
        """Seconds for which the target, or the company, asked to wait; not positive: none."""
        return self.quiet_until.get(budget(state.resource, state.key), 0.0) - time.monotonic()

    async def _deliver(self, group: list[Begun]) -> None:
        deliveries = [b.delivery for b in group]
        outcomes: list[Outcome]
        async with self.slots:
            waits = self._must_wait(group[0].state)
            if waits is not None:
                self._finish(group, [waits] * len(group))
                return
            try:
                outcomes = await self.target.deliver(deliveries, self._owner, self._log)
            except Exception as e:
                logger.exception(
                    "delivery failed",
                    extra={"message_id": deliveries[0].message_id, "target": self.store.target},
                )
                outcomes = [e] * len(group)
            self._obey(group, outcomes)
        self._finish(group, outcomes)

    def _must_wait(self, state: State) -> CloudError | None:
        """Its turn has come, perhaps long after it was begun: may it still leave?"""
        quiet_s = self.quiet_s(state)
        if quiet_s > 0:
            return Transient("the target asked to wait", retry_after_s=quiet_s)
        if time.monotonic() >= self.until:
            return PlatformDown("not sent: the lease could end before the call does")
        if self.halted or state.lane in self.store.holding.leaving:
            return Transient("not sent: the relay stops, hands over or is paused", retry_after_s=0.0)
        return None

    def _obey(self, group: list[Begun], outcomes: Sequence[Outcome]) -> None:
        """A Retry-After counts from now, before the slot is given to the next call."""
        for begun, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Transient) and outcome.retry_after_s is not None:
                name = budget(begun.state.resource, begun.state.key)
                until = time.monotonic() + outcome.retry_after_s
                self.quiet_until[name] = max(self.quiet_until.get(name, 0.0), until)

    def _finish(self, group: list[Begun], outcomes: Sequence[Outcome]) -> None:
        self.finished += [Finished(b, o) for b, o in zip(group, outcomes, strict=True)]
        self.woken.set()

    async def _owner(self, resource: str, remote_id: str) -> Key | None:
        """Which key has this remote id? What has come back but is not settled yet is known here alone."""
        for f in self.finished:
            if f.begun.state.resource == resource and getattr(f.outcome, "remote_id", None) == remote_id:
                return f.begun.state.key
        return await self.store.find_owner(resource, remote_id)

    def _log(self, delivery: Delivery, call: Call) -> None:
        self.calls.append((delivery, call))
        logger.info(
            "attempt",
            extra={
                "message_id": delivery.message_id,
                "target": self.store.target,
                "resource": delivery.resource,
                "method": call.method,
                "http_status": call.http_status,
                "took_ms": round(call.took_ms, 1),
            },
        )
