"""The process: connections, reconnecting, ending. What a loop does: lane.py; how lanes come and go: keeper.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

from outbox.errors import LeaseLost
from outbox.relay.connection import LOST, connect
from outbox.relay.counts import Counts
from outbox.relay.holding import Holding
from outbox.relay.lane import Lane
from outbox.relay.store import Store
from outbox.service.chores import Chore, beside
from outbox.service.doorbell import Doorbell
from outbox.service.keeper import Keeper

logger = logging.getLogger("outbox.service")


@dataclass(frozen=True)
class Rhythm:
    """All in seconds. grace_s: what is in flight may finish so long after SIGTERM; watch_s: between looks for drift."""

    lease_s: float = 15.0
    safety_poll_s: float = 5.0
    grace_s: float = 20.0
    reconnect_s: float = 1.0
    watch_s: float = 60.0


class Service:
    """Serves its share of the lanes of each target until `stop` is set, or (once) until nothing is due."""

    def __init__(
        self,
        dsn: str,
        targets: list[str],
        make_lane: Callable[[Store], Lane],
        rhythm: Rhythm,
        *,
        once: bool = False,
        chores: Sequence[Chore] = (),
        watch: Callable[[Collection[str]], None] | None = None,
    ) -> None:
        self.dsn = dsn
        self.chores = chores
        self.targets = targets
        self.make_lane = make_lane
        self.rhythm = rhythm
        self.once = once
        self.watch = watch
        self.connected = asyncio.Event()
        self.stop = asyncio.Event()
        self.ready = asyncio.Event()  # it is known to the others, and has lanes or stands by
        # The last part, since in containers all are process 1, and may share the name of the host.
        self.holder = f"{socket.gethostname()}/{os.getpid()}-{secrets.token_hex(2)}"
        self.lanes: dict[str, Lane] = {}
        self.turned_at: dict[str, float] = {}  # target -> monotonic time at which its loop last came round
        self.counts = {target: Counts() for target in targets}
        self.holdings = {target: Holding() for target in targets}
        self.keeper: Keeper | None = None

    async def run(self) -> None:
        """Raises the first error that cannot be waited out."""
        if self.once and self.watch is not None:
            await asyncio.to_thread(self.watch, tuple(self.targets))
        self.keeper = Keeper(
            self.dsn, self.holder, self.holdings, self.rhythm.lease_s, self._wake, self._kept, self.ready
        )
        keeping = asyncio.create_task(self.keeper.run(self.rhythm.reconnect_s, once=self.once))
        leaving = asyncio.create_task(self._leave(self.keeper))
        serving = asyncio.create_task(self._serve_all())
        watching = asyncio.create_task(self._watch())
        try:
            done, _ = await asyncio.wait({keeping, serving}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (serving, keeping, watching):
                task.cancel()
            await asyncio.gather(serving, keeping, watching, return_exceptions=True)
            leaving.cancel()
            await self.keeper.let_go()
            await self.keeper.leave()

    async def _leave(self, keeper: Keeper) -> None:
        """As soon as it is to stop: what it lets go is then taken by others, not kept for it."""
        await self.stop.wait()
        await keeper.leave()

    async def _serve_all(self) -> None:
        await asyncio.gather(*(self._serve(t) for t in self.targets))

    def shut_down(self) -> None:
        """Finish what is in flight, hand the lanes over, end."""
        self.stop.set()
        for holding in self.holdings.values():
            holding.give_up()
        self._wake()

    # -- one target, over connections and lanes that come and go -------------------------------------------------

    async def _serve(self, target: str) -> None:
        holding = self.holdings[target]
        while await self._wait_for_lanes(target, holding):
            try:
                chores = () if self.once else self.chores
                async with self._lane(target, holding) as lane, beside(self.dsn, target, holding, chores):
                    await self._work(lane, holding)
                if self.once:
                    return
            except (*LOST, LeaseLost) as e:
                if self.once and not isinstance(e, LeaseLost):
                    raise
                logger.warning("lane interrupted", extra={"target": target, "error": type(e).__name__})
                self.turned_at[target] = time.monotonic()
                await self._pause(self.rhythm.reconnect_s)

    async def _wait_for_lanes(self, target: str, holding: Holding) -> bool:
        """Stand by until there is something to serve; False: stopped."""
        while not self.stop.is_set() and not holding.held:
            self.turned_at[target] = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(holding.changed.wait(), self.rhythm.safety_poll_s)
            holding.changed.clear()
        return not self.stop.is_set()

    @contextlib.asynccontextmanager
    async def _lane(self, target: str, holding: Holding) -> AsyncIterator[Lane]:
        """What serves the lanes on a connection of its own; what is in flight is waited for at the end."""
        async with await connect(self.dsn) as connection:
            store = Store(connection, target, holding)
            if await store.notice_fail_over():
                holding.held.clear()
                raise LeaseLost("no lease of before the fail-over counts")
            if holding.unsure:
                await store.renew_epochs()
            await store.read_views()
            lane = self.make_lane(store)
            lane.counts = self.counts[target]
            self.lanes[target] = lane
            self._kept(target)
            self.connected.set()
            try:
                yield lane
            except LeaseLost:
                holding.lose()
                raise
            finally:
                await self._wind_up(target, lane)

    async def _wind_up(self, target: str, lane: Lane) -> None:
        """What is in flight may finish; without a working connection it stays in doubt, which loses nothing."""
        holding = lane.store.holding
        if holding.lost:
            lane.gate.until = 0.0  # what was begun and has not left yet is the other relay's now
        if self.once:
            holding.give_up()
        try:
            with contextlib.suppress(LeaseLost):
                await self._finish(lane)
            with contextlib.suppress(*LOST):
                await lane.store.run("lower_bell", holder=f"{self.holder}/{target}")
                if (holding.lost or holding.closed) and not lane.in_flight:
                    await lane.store.release(set(holding.held))
        finally:
            holding.unfinished = bool(lane.in_flight)
            if holding.unfinished:
                holding.abandoned_at = time.monotonic() + lane.times.deadline_s
            if holding.lost:
                holding.held.clear()
                holding.leaving.clear()
                holding.lost = False
            for task in lane.sending.tasks:
                task.cancel()
            del self.lanes[target]
            await lane.target.close()
            await lane.store.connection.close()

    async def _finish(self, lane: Lane) -> None:
        """Until nothing is on its way any more, or the time of grace is over; settled as it comes back.

        The lanes are ours still when only the connection was lost: on another one what comes back can be settled.
        """
        until = time.monotonic() + self.rhythm.grace_s
        while True:
            self.turned_at[lane.store.target] = time.monotonic()
            left_s = until - time.monotonic()
            try:
                if lane.store.connection.closed:
                    lane.store.holding.unsure = True
                    lane.store.connection = await connect(self.dsn)
                    await lane.store.notice_fail_over()  # its lanes have other epochs then, so nothing is settled
                    await lane.store.renew_epochs()
                if lane.store.holding.lost:
                    await lane.disown(*lane.sending.collect())
                else:
                    await lane.settle()
            except LOST:
                await asyncio.sleep(self.rhythm.reconnect_s)  # what the cloud has answered is known here alone
            if left_s <= 0 or not (lane.sending.tasks or lane.sending.finished):
                return
            if lane.sending.tasks:
                await asyncio.wait(lane.sending.tasks, timeout=min(left_s, 1.0), return_when=asyncio.FIRST_COMPLETED)

    async def _work(self, lane: Lane, holding: Holding) -> None:
        """Until stopped, or no lane is left."""
        bell = Doorbell(lane.store, f"{self.holder}/{lane.store.target}", lane.woken, self.rhythm.safety_poll_s)
        while not self.stop.is_set():
            self.turned_at[lane.store.target] = time.monotonic()
            if holding.lost:
                raise LeaseLost(f"the lease of {lane.store.target} ended before it was renewed")
            await lane.sending.gather()
            await lane.settle()
            if holding.leaving:
                await lane.let_go()
            if not holding.held:
                return
            allowed = await lane.outlook.look()
            if allowed and time.monotonic() < lane.gate.until and await lane.claim():
                await bell.rise()
            elif self.once:
                if (holding.complete and lane.nothing_left) or not (allowed or lane.in_flight):
                    return
                await lane.woken.wait()
                lane.woken.clear()
            elif not lane.sending.finished:
                await bell.rest()

    # -- from the keeper -----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        for lane in self.lanes.values():
            lane.woken.set()

    def _kept(self, target: str) -> None:
        """The leases of a target were renewed: a call that starts now must have ended when they do."""
        lane, holding = self.lanes.get(target), self.holdings[target]
        if lane is None or self.keeper is None or holding.lost:
            if lane is not None:
                lane.woken.set()  # a loop that is past `until` begins nothing, so it would never find out by itself
            return
        slept = time.monotonic() >= lane.gate.until
        lane.gate.until = self.keeper.renewed_at + self.rhythm.lease_s - lane.times.deadline_s
        if slept or holding.changed.is_set():
            holding.changed.clear()
            lane.woken.set()

    # -- beside the lanes ----------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """With every new connection, and every so often: is capture still as it was installed? In a thread, on a
        connection of its own, since a catalogue takes its time and DDL may make it wait.
        """
        while self.watch is not None and not self.once:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.connected.wait(), self.rhythm.watch_s)
            self.connected.clear()
            targets = tuple(t for t in self.lanes if 0 in self.holdings[t].held)  # one relay of each target does it
            if targets:
                await asyncio.to_thread(self.watch, targets)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
