"""May this call leave now? Asked before every single call: the lease, a Retry-After, and the budget of calls.

The budget of a company is one row for all relays (outbox.rate). A relay takes calls out of it before it makes them, so
however many relays there are, together they make no more than there are. Where no limit was ever announced, or plenty
is left, nothing is asked of the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import psycopg

from outbox.errors import Transient
from outbox.relay.aside import Aside
from outbox.relay.connection import Connection
from outbox.relay.purse import Purse
from outbox.targets import rates
from outbox.targets.rates import Rate

RETRY_S = 1.0


@dataclass
class _Account:
    """A purse, and who waits for it. filling: one at a time asks the database, or makes the first call of all."""

    purse: Purse = field(default_factory=Purse)
    filling: asyncio.Lock = field(default_factory=asyncio.Lock)
    first_call: bool = False
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Gate(rates.Gate):
    """Of one target in one relay. Companies by code, "" for what counts against the whole target."""

    def __init__(self, like: Connection, target: str) -> None:
        self.aside = Aside(like, target)
        self.until = float("inf")  # of the monotonic clock: a call that starts later could outlive the lease
        self._quiet_until: dict[str, float] = {}
        self._accounts: dict[str, _Account] = defaultdict(_Account)

    # -- asked by the lane -------------------------------------------------------------------------------------

    def quiet_s(self, company: str) -> float:
        """Seconds for which nothing of this company can leave; not positive: it can."""
        used_up = self._accounts[company].purse.used_up_until if company in self._accounts else 0.0
        return max(self._quiet_until.get(company, 0.0), used_up) - time.monotonic()

    def keep_quiet(self, quiet: Mapping[str, float]) -> None:
        """Seconds by company, as another relay, or this one before it was restarted, was told."""
        now = time.monotonic()
        for company, for_s in quiet.items():
            self._quiet_until[company] = max(self._quiet_until.get(company, 0.0), now + for_s)

    async def obey(self, company: str, retry_after_s: float) -> None:
        """A Retry-After counts from now, for all relays."""
        self.keep_quiet({company: retry_after_s})
        with contextlib.suppress(psycopg.Error):  # this relay obeys; that the database is gone shows elsewhere
            await self.aside.ask("note_quiet", company=company, quiet_s=retry_after_s)

    @contextlib.asynccontextmanager
    async def delivery(self, company: str) -> AsyncIterator[None]:
        """Around all calls of one delivery. Raises Transient where it must not begin."""
        account = self._accounts[company]
        while True:
            self._check(company)
            purse = account.purse
            if purse.may_begin(time.monotonic()):
                break
            async with account.filling:
                if not purse.may_begin(time.monotonic()):
                    await self._fill(company, purse, purse.wanted())
            if purse.may_begin(time.monotonic()):
                break
            if not purse.deliveries:
                purse.used_up_until = purse.window_end
                raise self._used_up(company)
            account.freed.clear()
            await account.freed.wait()  # what those under way do not need is for the next
        purse.deliveries += 1
        try:
            yield
        finally:
            purse.deliveries -= 1
            account.freed.set()

    # -- asked by the target -----------------------------------------------------------------------------------

    async def enter(self, company: str) -> None:
        """Before a call. Raises Transient where it must not leave."""
        account = self._accounts[company]
        purse = account.purse
        if not purse.has(1, time.monotonic()):
            await self._wait_for_permits(company, account)
        try:
            self._check(company)
            if purse.limited and not purse.left(time.monotonic()):
                raise self._used_up(company)
        except Transient:
            self._end_first_call(account)
            raise
        purse.spend()

    def left(self, company: str, rate: Rate | None, answered: bool) -> None:
        account = self._accounts[company]
        if rate is not None:  # from the clock on the wall to the one that nobody sets
            rate = Rate(rate.limit, rate.remaining, rate.resets_at - time.time() + time.monotonic(), rate.window_s)
        account.purse.hear(rate, answered, time.monotonic())
        self._end_first_call(account)

    async def close(self) -> None:
        await self.aside.close()

    # -- the budget --------------------------------------------------------------------------------------------

    async def _wait_for_permits(self, company: str, account: _Account) -> None:
        """Whoever finds that nothing is known of a limit makes the first call, and keeps the others waiting."""
        purse = account.purse
        await account.filling.acquire()
        try:
            if not purse.has(1, time.monotonic()):
                await self._fill(company, purse, 1)
        except BaseException:
            account.filling.release()
            raise
        if purse.limited is None:
            account.first_call = True
        else:
            account.filling.release()

    def _end_first_call(self, account: _Account) -> None:
        if account.first_call:
            account.first_call = False
            account.filling.release()

    async def _fill(self, company: str, purse: Purse, wanted: int) -> None:
        try:
            if purse.heard is not None:
                await self._tell(company, purse, purse.heard)
            asked_at = time.monotonic()  # the window goes on while the row is locked, or the answer on its way
            rows = await self.aside.ask("take_permits", company=company, wanted=wanted)
        except psycopg.Error as e:
            why = e.diag.message_primary or type(e).__name__
            raise Transient(f"not sent: the budget of calls cannot be read ({why})", retry_after_s=RETRY_S) from None
        for row in rows:
            purse.filled(row.capacity, row.granted, row.reset_s, asked_at)
        if not rows:  # what this relay heard was not told in its window, so nobody knows of a limit
            purse.limited = None

    async def _tell(self, company: str, purse: Purse, rate: Rate) -> None:
        """What was heard last, for all relays; of a window that is over it says nothing."""
        reset_s = rate.resets_at - time.monotonic()
        purse.heard, purse.unheard = None, False
        if reset_s > 0:
            left_over = max(0, rate.remaining - purse.in_flight - purse.left(time.monotonic()))
            await self.aside.ask(
                "note_rate",
                company=company,
                capacity=rate.limit,
                left_over=left_over,
                reset_s=reset_s,
                window_s=max(rate.window_s, reset_s),
                untaken=purse.untaken,
            )
            purse.untaken = 0

    def _check(self, company: str) -> None:
        now = time.monotonic()
        if now >= self.until:
            raise Transient("not sent: the lease could end before the call does", retry_after_s=0.0)
        quiet_s = self._quiet_until.get(company, 0.0) - now
        if quiet_s > 0:
            raise Transient("the target asked to wait", retry_after_s=quiet_s)

    def _used_up(self, company: str) -> Transient:
        wait_s = max(0.1, self._accounts[company].purse.window_end - time.monotonic())
        whose = f"company {company}" if company else "the target"
        return Transient(f"the calls that {whose} allows are used up", retry_after_s=wait_s)
