"""When a relay may sleep, without losing a wake-up and without a NOTIFY for every change.

Capture sends NOTIFY only while a row stands in outbox.bell, since every NOTIFY takes a lock at commit that all
writers of the database share. Why no wake-up is lost: the flag is committed first; then the relay takes a transaction
id, the mark. A writer whose transaction is younger than the mark began after the flag was visible, and its trigger
looks at the bell in a statement of its own, with a snapshot of its own: it rings. An older one may have looked too
early; the relay polls until all of those have ended (xmin of a fresh snapshot has reached the mark), and then once
more: what they committed is visible now. Only then does it sleep. Writers above READ COMMITTED see the bell as their
transaction began, so capture rings for those always. A slow poll backs all of it.

Where no bell is heard (behind a pooler, or where prepared transactions keep capture from ringing) the relay polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from outbox.relay.store import Store

FIRST_LOOK_S = 0.005
# While an old transaction is open elsewhere the looks become rare, else they would cost something for hours: what that
# one commits is seen after a quarter, at most, of the time that it was waited for.
PART_OF_WAIT = 0.25
DEAF_LOOK_S = 1.0
# Work found so often in a row is more than single changes. Until then the flag stays: to lower and raise it for every
# change would cost each of them three statements, and a flag that stands can only ring too often.
BUSY = 3


class Doorbell:
    """The bell of one relay on one lane."""

    def __init__(self, store: Store, holder: str, woken: asyncio.Event, safety_poll_s: float) -> None:
        self.store = store
        self.holder = holder
        self.woken = woken
        self.safety_poll_s = safety_poll_s
        self.mark: int | None = None
        self.safe = False
        self.since = 0.0  # of the monotonic clock: when the mark was taken, or (deaf) the last work was found
        self.found = 0

    async def rest(self) -> None:
        """One step towards sleep; after each the caller looks for work again, and calls `rise` when there is some."""
        self.found = 0
        if self.store.connection.deaf:
            await self._sleep(self._look_s(DEAF_LOOK_S))
            return
        if self.mark is None:
            self.mark, self.since = await self.store.raise_bell(self.holder), time.monotonic()
            return
        all_ended, next_due_s = await self.store.look_around(self.mark)
        if all_ended and not self.safe:
            self.safe = True
            return
        wait_s = self.safety_poll_s if self.safe else self._look_s(self.safety_poll_s)
        if next_due_s is not None:
            wait_s = max(0.0, min(wait_s, next_due_s))
        await self._sleep(wait_s)

    async def rise(self) -> None:
        """There is work; while there is much of it nobody needs to ring."""
        self.found += 1
        if self.store.connection.deaf:
            self.since = time.monotonic()
        elif self.found >= BUSY and self.mark is not None:
            self.mark, self.safe = None, False
            await self.store.run("lower_bell", holder=self.holder)

    def _look_s(self, slowest_s: float) -> float:
        return min(max(FIRST_LOOK_S, PART_OF_WAIT * (time.monotonic() - self.since)), slowest_s)

    async def _sleep(self, wait_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.woken.wait()
        self.woken.clear()
