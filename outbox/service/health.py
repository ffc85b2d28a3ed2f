"""Is the relay alive, and does the backlog move? For systemd, for load balancers, for whoever asks over HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox import sqlfiles
from outbox.errors import NotAtHome
from outbox.relay.connection import connect
from outbox.service.process import Service

# A loop that does not come round for so long is stuck. Rechecking a million rows is one round, of a minute or so.
STUCK_S = 600.0
REMEMBERED_S = 1.0  # so often, at most, the database is asked, however many ask here


@dataclass
class Numbers:
    """Rows of the views outbox.health and outbox.backlog."""

    targets: list[Any]
    backlog: list[Any]


class Health:
    """Of one process. The numbers of the database come over a connection of their own: the relay's may be stuck."""

    def __init__(self, service: Service, dsn: str, stalled_s: float) -> None:
        self.service = service
        self.dsn = dsn
        self.stalled_s = stalled_s
        self._reading = asyncio.Lock()
        self._read_at = 0.0
        self._numbers: Numbers | None = None

    def stuck(self) -> list[str]:
        """Why the process should be started again; nothing: it is alive, whatever becomes of the messages."""
        now = time.monotonic()
        found = [f"{t}: its loop is stuck" for t, at in self.service.turned_at.items() if now - at > STUCK_S]
        for target, lane in self.service.lanes.items():
            if lane.in_flight and now - lane.counts.came_at > STUCK_S:
                found.append(f"{target}: no call comes back")
        return found

    async def unready(self) -> list[str]:
        """Why messages do not move; nothing: they do, or there are none."""
        numbers = await self.numbers()
        if numbers is None:
            return ["the database cannot be used"]
        found = self.stuck()
        if self.service.keeper is None or not self.service.keeper.connected:
            found.append("the relay is not connected to the database")
        return found + [why for row in numbers.targets if (why := self._stalled(row))]

    def _stalled(self, row: Any) -> str | None:
        """Of a target that this relay has lanes of: others answer for theirs."""
        holding = self.service.holdings.get(row.target)
        if holding is None or not holding.held or not row.active or not row.pending:
            return None
        if row.paused:
            return f"{row.target}: paused, and {row.pending} wait"
        quiet_s = time.monotonic() - self.service.counts[row.target].moved_at
        if min(quiet_s, row.oldest_pending_s) > self.stalled_s:
            return f"{row.target}: {row.pending} wait, and none was settled for {quiet_s:.0f} s"
        return None

    async def numbers(self) -> Numbers | None:
        """None: the database cannot be used now."""
        async with self._reading:
            if time.monotonic() - self._read_at > REMEMBERED_S:
                self._numbers = await self._read()
                self._read_at = time.monotonic()
            return self._numbers

    async def _read(self) -> Numbers | None:
        try:
            async with await connect(self.dsn) as connection:
                targets = await connection.rows(sqlfiles.read("health/targets.sql"), {})
                backlog = await connection.rows(sqlfiles.read("health/backlog.sql"), {})
        except (psycopg.Error, NotAtHome):
            return None
        return Numbers(targets, backlog)
