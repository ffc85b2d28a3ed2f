"""What is on its way: as many calls at once as there are slots, and what has come back of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from outbox.errors import PlatformDown, Transient
from outbox.relay.breaker import is_failure
from outbox.relay.gate import RETRY_S, Gate
from outbox.relay.intent import Begun
from outbox.relay.outlook import Outlook
from outbox.relay.schedule import State, budget
from outbox.relay.store import Store
from outbox.targets.delivery import Call, Delivery, Key, Outcome
from outbox.targets.platform import Platform

logger = logging.getLogger("outbox.relay")

GATHER_S = 0.01


@dataclass(frozen=True)
class Finished:
    """spared: the platform is down, so the attempt is not held against the message."""

    begun: Begun
    outcome: Outcome
    spared: bool = False


class Sending:
    """The deliveries of one lane. `woken` is set whenever one has come back."""

    def __init__(
        self, store: Store, target: Platform, slots: int, woken: asyncio.Event, gate: Gate, outlook: Outlook
    ) -> None:
        self.store = store
        self.target = target
        self.woken = woken
        self.gate = gate
        self.outlook = outlook
        self.slots = asyncio.Semaphore(slots)
        self.plenty = 4 * slots
        self.tasks: set[asyncio.Task[None]] = set()
        self.finished: list[Finished] = []
        self.calls: list[tuple[Delivery, Call]] = []

    def start(self, begun: list[Begun], batch_size: int) -> None:
        """Let them go out, as soon as slots are free: those of one group together, at most batch_size at once."""
        groups: dict[tuple[str, ...] | int, list[Begun]] = {}
        for b in begun:
            groups.setdefault(b.group or b.state.message_id, []).append(b)
        for group in groups.values():
            for first in range(0, len(group), batch_size):
                task = asyncio.create_task(self._deliver(group[first : first + batch_size]))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    async def gather(self) -> None:
        """To settle one takes as long as to settle ten. While so many are begun that no slot can run dry meanwhile,
        what comes back is let come together first.
        """
        if len(self.tasks) > self.plenty:
            await asyncio.sleep(GATHER_S)

    def collect(self) -> tuple[list[Finished], list[tuple[Delivery, Call]]]:
        """What has come back since the last time, and the calls that were made for it."""
        if not self.finished:
            return [], []
        finished, calls = self.finished, self.calls
        self.finished, self.calls = [], []
        return finished, calls

    def put_back(self, finished: list[Finished], calls: list[tuple[Delivery, Call]]) -> None:
        """The database is gone, and what the cloud has answered is known here alone: it is recorded once it is back."""
        self.finished[:0], self.calls[:0] = finished, calls

    async def _deliver(self, group: list[Begun]) -> None:
        """Its turn has come, perhaps long after it was begun: may it still leave?"""
        company = budget(group[0].state.resource, group[0].state.key)
        outcomes: Sequence[Outcome]
        statuses: list[int | None] = []
        async with self.slots:
            try:
                self._check(group[0].state)
                async with self.gate.delivery(company):
                    outcomes = await self._call(group, statuses)
            except Exception as e:  # noqa: BLE001 - not sent; whatever else it was is looked at again, as a doubt
                self._finish(group, [e] * len(group))
                return
            spared = self._note(group, outcomes, statuses[-1] if statuses else None)
            # before the slot is given to the next call
            told = [o.retry_after_s for o in outcomes if isinstance(o, Transient) and o.retry_after_s]
            if told:
                await self.gate.obey(company, max(told))
        self._finish(group, outcomes, spared)

    def _check(self, state: State) -> None:
        if self.outlook.down and not self.outlook.probing:
            raise PlatformDown(f"not sent: the platform is down ({self.outlook.down})"[:500])
        if not self.outlook.open or state.lane in self.store.holding.leaving:
            raise Transient("not sent: the relay stops, hands over or is paused", retry_after_s=0.0)
        paused = self.outlook.paused(state.resource, state.key)
        if paused:
            raise Transient(f"not sent: {paused}"[:500], retry_after_s=0.0)  # put off when it is looked at again

    async def _call(self, group: list[Begun], statuses: list[int | None]) -> Sequence[Outcome]:
        def log(delivery: Delivery, call: Call) -> None:
            statuses.append(call.http_status)
            self._log(delivery, call)

        deliveries = [b.delivery for b in group]
        try:
            return await self.target.deliver(deliveries, self._owner, log)
        except Exception as e:
            logger.exception(
                "delivery failed", extra={"message_id": deliveries[0].message_id, "target": self.store.target}
            )
            return [e] * len(group)

    def _note(self, group: list[Begun], outcomes: Sequence[Outcome], http_status: int | None) -> bool:
        for begun, outcome in zip(group, outcomes, strict=True):
            self.outlook.note((begun.state.resource, begun.state.key), outcome, http_status)
        return self.outlook.down is not None and any(is_failure(o, http_status) for o in outcomes)

    def _finish(self, group: list[Begun], outcomes: Sequence[Outcome], spared: bool = False) -> None:
        self.finished += [Finished(b, o, spared) for b, o in zip(group, outcomes, strict=True)]
        self.woken.set()

    async def _owner(self, resource: str, remote_id: str) -> Key | None:
        """Which key has this remote id? What has come back but is not settled yet is known here alone."""
        for f in self.finished:
            if f.begun.state.resource == resource and getattr(f.outcome, "remote_id", None) == remote_id:
                return f.begun.state.key
        try:
            rows = await self.gate.aside.ask("find_owner", resource=resource, remote_id=remote_id)
        except psycopg.Error:
            raise Transient("whose object it is cannot be read from the database", retry_after_s=RETRY_S) from None
        return tuple(rows[0].key) if rows else None

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
