"""Beside the loops: be known to be alive, take and renew lanes, share them with other relays, hear the bell.

Each relay tells outbox.relay with every beat that it is alive. Those that are divide the lanes of a target by a rule
that needs no talk (see keep_lanes.sql); who has too many lets some go when nothing is in flight in them any more, who
has too few takes what is free. PostgreSQL is the only coordinator, and works through a pooler too.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from outbox import sqlfiles
from outbox.errors import NotAtHome
from outbox.relay.connection import LOST, Connection, connect
from outbox.relay.holding import Holding
from outbox.relay.store import Store

logger = logging.getLogger("outbox.service")

BELL = "outbox"
DEAF_BEAT_S = 1.0


@dataclass(eq=False)
class Keeper:
    """The lanes of one process. `rang` is called when the bell rang, `kept` after each beat, for each target; `ready`
    is set after the first.
    """

    dsn: str
    holder: str
    holdings: dict[str, Holding]
    lease_s: float
    rang: Callable[[], None]
    kept: Callable[[str], None]
    ready: asyncio.Event
    renewed_at: float = 0.0  # of the monotonic clock: a lease that was kept then lasts lease_s from there
    called: bool = False
    connected: bool = False

    async def run(self, reconnect_s: float, *, once: bool = False) -> None:
        """Until cancelled. once: a database that is gone is not waited for."""
        while True:
            try:
                async with await connect(self.dsn) as connection:
                    if not connection.deaf:
                        await connection.execute(sqlfiles.read("session/listen.sql"))
                    await self._beat_on(connection)
            except LOST as e:
                self.connected = False
                if once:
                    raise
                logger.warning("keeper interrupted", extra={"error": type(e).__name__})
                await asyncio.sleep(reconnect_s)

    async def _beat_on(self, connection: Connection) -> None:
        while True:
            with connection.answering():
                wait_s = await self.beat(connection)
                if not self.connected:
                    await self._ask(connection, "call_relays")  # they have to make room
            if not self.connected:
                self.connected = True
                self.ready.set()
            await self._listen(connection, wait_s)

    async def beat(self, connection: Connection) -> float:
        """Renew, share and take; answers the seconds until the next time."""
        asked = {target: dict(holding.held) for target, holding in self.holdings.items()}
        held = [(target, lane, epoch) for target, lanes in asked.items() for lane, epoch in lanes.items()]
        at = time.monotonic()
        rows = await self._ask(
            connection,
            "keep_lanes",
            holder=self.holder,
            targets=list(self.holdings),
            closed=[target for target, holding in self.holdings.items() if holding.closed],
            lease_s=self.lease_s,
            held_targets=[h[0] for h in held],
            held_lanes=[h[1] for h in held],
            epochs=[h[2] for h in held],
        )
        # Before the statement was sent: the server's clock may have begun to count at any moment since.
        self.renewed_at = at
        wait_s = min(self.lease_s / 5, DEAF_BEAT_S) if connection.deaf else self.lease_s / 5
        for row in rows:
            taken = await self._share(connection, row, asked[row.target])
            if not taken and row.next_end_s is not None:
                wait_s = min(wait_s, max(row.next_end_s, 0.0) + 0.01)
            self.kept(row.target)
        return wait_s

    async def _share(self, connection: Connection, row: Any, asked: dict[int, int]) -> bool:
        """What one beat told about one target. Answers whether it has its share."""
        holding = self.holdings[row.target]
        if any(holding.held.get(lane) == epoch for lane, epoch in asked.items() if lane not in row.kept):
            holding.lose()  # one that the loop let go meanwhile is not lost
            return True
        holding.divide(row.share)
        if row.some_free and len(holding.held) < row.share and not holding.closed:
            store = Store(connection, row.target, holding)
            await store.take_lease(f"{self.holder}/{row.target}", self.lease_s, row.share - len(holding.held))
        return bool(len(holding.held) >= row.share)

    async def _listen(self, connection: Connection, wait_s: float) -> None:
        """Until the next beat; the bell is for the loops, a relay that came or went means a beat at once."""
        until = time.monotonic() + wait_s
        while not self.called and (left_s := until - time.monotonic()) > 0:
            if connection.deaf:
                await asyncio.sleep(left_s)
                continue
            async for notice in connection.notifies(timeout=left_s, stop_after=1):
                if notice.channel == BELL:
                    self.rang()
                else:
                    self.called = True
        self.called = False

    async def leave(self) -> None:
        """A clean stop: the others need not wait until this relay is taken for dead."""
        with suppress(*LOST, NotAtHome):
            async with await connect(self.dsn) as connection:
                await self._ask(connection, "leave", holder=self.holder, targets=list(self.holdings))
                await self._ask(connection, "call_relays")

    async def let_go(self) -> None:
        """At the very end: lanes that a beat took in the moment of the stop are served by no loop. Where a call is cut
        off unfinished they run out instead: nobody may look before it has landed.
        """
        with suppress(*LOST, NotAtHome):
            for target, holding in self.holdings.items():
                if holding.held and not holding.unfinished:
                    async with await connect(self.dsn) as connection:
                        await Store(connection, target, holding).release(set(holding.held))

    async def _ask(self, connection: Connection, name: str, **parameters: Any) -> list[Any]:
        return await connection.rows(sqlfiles.read(f"relay/{name}.sql"), parameters)
