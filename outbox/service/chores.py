"""Work beside the lanes: again and again, each chore on a connection of its own, in the relay that has a target's first
lane at the time. A chore that fails says so in the log and has its turn again; delivery never waits for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from outbox.errors import OutboxError
from outbox.relay.connection import Connection, connect
from outbox.relay.holding import Holding

logger = logging.getLogger("outbox.chores")

FIRST_LANE_LOOK_S = 1.0


@dataclass(frozen=True)
class Chore:
    """every_s: from the end of one run to the next; the first is at once. work: is handed a connection with the relay's
    settings, in autocommit, and the name of the target. It shares the event loop with the lanes, so it must not compute
    for long between two awaits.
    """

    name: str
    every_s: float
    work: Callable[[Connection, str], Awaitable[None]]


@contextlib.asynccontextmanager
async def beside(dsn: str, target: str, holding: Holding, chores: Iterable[Chore]) -> AsyncIterator[None]:
    """The chores are done while the block runs; at its end they stop wherever they are."""
    tasks = [asyncio.create_task(_repeat(dsn, target, holding, chore)) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(dsn: str, target: str, holding: Holding, chore: Chore) -> None:
    while True:
        if 0 not in holding.held:
            await asyncio.sleep(FIRST_LANE_LOOK_S)
            continue
        try:
            async with await connect(dsn) as connection:
                await chore.work(connection, target)
        except Exception as e:  # noqa: BLE001 - whatever it is, the relay goes on
            why = e.why if isinstance(e, OutboxError) else type(e).__name__  # the driver's words may quote a row
            logger.warning("chore failed", extra={"target": target, "chore": chore.name, "error": why})
        await asyncio.sleep(chore.every_s)
