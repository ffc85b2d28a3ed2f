"""The process: leases, doorbell, signals, reconnecting. What a lane does is in relay.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox.errors import LeaseLost
from outbox.relay.doorbell import Doorbell
from outbox.relay.lane import Lane, nothing_left
from outbox.relay.store import Store, connect

logger = logging.getLogger("outbox.service")

_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(frozen=True)
class Rhythm:
    """All in seconds. grace_s: what is in flight may finish for so long after SIGTERM."""

    lease_s: float = 15.0
    safety_poll_s: float = 5.0
    grace_s: float = 20.0
    reconnect_s: float = 1.0


class Service:
    """Runs one lane for each target until `stop` is set, or (once) until nothing is due."""

    def __init__(
        self,
        dsn: str,
        targets: list[str],
        make_lane: Callable[[Store], Lane],
        rhythm: Rhythm,
        *,
        once: bool = False,
    ) -> None:
        self.dsn = dsn
        self.targets = targets
        self.make_lane = make_lane
        self.rhythm = rhythm
        self.once = once
        self.stop = asyncio.Event()
        self.holder = f"{socket.gethostname()}/{os.getpid()}"
        self.lanes: dict[str, Lane] = {}
        self.lost: set[str] = set()
        self.totals: dict[str, Any] = {}

    async def run(self) -> None:
        """Raises the first error that cannot be waited out."""
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.gather(*(self._serve(t) for t in self.targets))
        finally:
            keeping.cancel()

    def shut_down(self) -> None:
        """Finish what is in flight, hand the lanes over, end."""
        self.stop.set()
        for lane in self.lanes.values():
            lane.woken.set()

    # -- one lane, over connections and leases that come and go --------------------------------------------------

    async def _serve(self, target: str) -> None:
        while not self.stop.is_set():
            try:
                async with self._lane(target) as lane:
                    await self._work(lane)
                if self.once:
                    return
            except (*_LOST, LeaseLost) as e:
                if self.once and isinstance(e, _LOST):
                    raise
                logger.warning("lane interrupted", extra={"target": target, "error": type(e).__name__})
                await self._pause(self.rhythm.reconnect_s)

    @contextlib.asynccontextmanager
    async def _lane(self, target: str) -> AsyncIterator[Lane]:
        """The lease of a lane, held and given back; what is in flight is waited for in between."""
        async with await connect(self.dsn) as connection:
            store = Store(connection, target)
            while not await store.take_lease(f"{self.holder}/{target}", self.rhythm.lease_s):
                if self.stop.is_set():
                    raise LeaseLost("stopped while waiting for the lease")
                await self._pause(self.rhythm.lease_s / 5)
            await store.read_views()
            lane = self.make_lane(store)
            self.lanes[target] = lane
            self.lost.discard(target)
            self._may_send(lane)
            try:
                yield lane
            except LeaseLost:
                lane.sending.until = 0.0  # what was begun and has not left yet is the other relay's now
                raise
            finally:
                await self._wind_up(target, lane)

    async def _wind_up(self, target: str, lane: Lane) -> None:
        """What is in flight may finish; without a working connection it stays in doubt, which loses nothing."""
        if lane.sending.tasks:
            await asyncio.wait(lane.sending.tasks, timeout=self.rhythm.grace_s)
        with contextlib.suppress(*_LOST, LeaseLost):
            await lane.settle()
            await lane.store.lower_bell(f"{self.holder}/{target}")
            await lane.store.release_lease()
        for task in lane.sending.tasks:
            task.cancel()
        del self.lanes[target]
        await lane.target.close()

    async def _work(self, lane: Lane) -> None:
        bell = Doorbell(lane.store, f"{self.holder}/{lane.store.target}", lane.woken, self.rhythm.safety_poll_s)
        while not self.stop.is_set():
            if lane.store.target in self.lost:
                raise LeaseLost(f"the lease of {lane.store.target} ended before it was renewed")
            await lane.settle()
            allowed = await lane.outlook.look()
            if allowed and time.monotonic() < lane.sending.until and await lane.claim():
                await bell.rise()
            elif self.once:
                if nothing_left(lane) or not (allowed or lane.in_flight):
                    return
                await lane.woken.wait()
                lane.woken.clear()
            elif not lane.sending.finished:
                await bell.rest()

    # -- beside the lanes: wake-ups and leases -------------------------------------------------------------------

    async def _keep(self) -> None:
        """Listen for the bell and renew the leases, on a connection that no long statement blocks."""
        while True:
            try:
                async with await connect(self.dsn) as connection:
                    await connection.execute("LISTEN outbox")
                    while True:
                        await self._renew(connection)
                        await self._listen(connection, self.rhythm.lease_s / 5)
            except _LOST:
                await asyncio.sleep(self.rhythm.reconnect_s)

    async def _listen(self, connection: psycopg.AsyncConnection[Any], for_s: float) -> None:
        async for _ in connection.notifies(timeout=for_s):
            for lane in self.lanes.values():
                lane.woken.set()

    async def _renew(self, connection: psycopg.AsyncConnection[Any]) -> None:
        for target, lane in list(self.lanes.items()):
            store = Store(connection, target)
            store.epoch = lane.store.epoch
            try:
                await store.renew_lease(self.rhythm.lease_s)
            except LeaseLost:  # a lane that is past send_until begins nothing, so it would never find out by itself
                self.lost.add(target)
                lane.woken.set()
                continue
            if time.monotonic() >= lane.sending.until:
                lane.woken.set()
            self._may_send(lane)

    def _may_send(self, lane: Lane) -> None:
        """A call that starts now must have ended when the lease does."""
        lane.sending.until = time.monotonic() + self.rhythm.lease_s - lane.times.deadline_s

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
