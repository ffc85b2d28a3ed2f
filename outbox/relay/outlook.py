"""What stands in the way of sending: the target is not active, or paused in whole or in part, or the platform is down.
Kept in the database, so that all relays and `status` know, and read once a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from outbox.errors import LeaseLost, NotAllowed
from outbox.relay.breaker import Breaker, Name, is_failure
from outbox.relay.gate import Gate
from outbox.relay.schedule import Postpone, State, budget
from outbox.relay.store import Store
from outbox.resources import company_of, name_part
from outbox.targets.delivery import Key, Outcome

logger = logging.getLogger("outbox.relay")

LOOK_S = 1.0
# A paused message is looked at again so often; `resume` makes it due at once.
PAUSED_S = 900.0


class Outlook:
    """Of one target in one relay. probing: this relay makes the one call that tells whether the platform is back."""

    def __init__(self, store: Store, gate: Gate, breaker: Breaker, woken: asyncio.Event) -> None:
        self.store = store
        self.gate = gate
        self.breaker = breaker
        self.woken = woken
        self.open = True  # may the target be sent to at all? Looked up before anything is begun
        self.down: str | None = None
        self.probing = False
        self._pauses: list[tuple[str, str, str]] = []
        self._looked_at = float("-inf")
        self._probe_at = 0.0
        self._opening: str | None = None
        self._closing = False
        self._told = ("sending", 0)

    async def look(self) -> bool:
        """May anything be taken up now? While it may, it reads once a second."""
        if self._opening is not None:
            why, self._opening = self._opening, None
            await self.store.run("open_breaker", why=why[:500], **self._pauses_s)
            await self._read()
        if not self.open or self.down or time.monotonic() - self._looked_at > LOOK_S:
            await self._read()
        if self.open and self.down and not self.probing and time.monotonic() >= self._probe_at:
            self.probing = await self.take_probe()
            await self._read()
        return self.open and (not self.down or self.probing)

    async def take_probe(self) -> bool:
        """May this relay make the next single call?"""
        return await self.store.one("take_probe", **self._pauses_s) is not None

    @property
    def _pauses_s(self) -> dict[str, float]:
        """Between the single calls."""
        return {"first_s": self.breaker.first_s, "cap_s": self.breaker.cap_s}

    def note(self, name: Name, outcome: Outcome, http_status: int | None) -> None:
        """What a delivery met. While the platform is down the probe alone counts: others may have left before. Who
        asks a company to wait does so with whichever of its records: together they are one that fails.
        """
        failed, company = is_failure(outcome, http_status), budget(*name)
        if company and failed is False:
            self.breaker.failing.pop(("companies", (company,)), None)
        if company and failed and getattr(outcome, "retry_after_s", None):
            name = ("companies", (company,))
        opens = self.breaker.note(name, outcome, http_status)
        if self.down and self.probing and failed is not None:
            self.probing = False
            self._closing = not failed
        elif not self.down and opens:
            self.down = self._opening = getattr(outcome, "why", "it does not answer")

    async def settled(self, finished: Iterable[tuple[State, Outcome]]) -> None:
        """What follows from outcomes for more than their own messages, after these were settled."""
        if self._closing:
            self._closing, self.down = False, None
            self.breaker.closed()
            await self.store.run("close_breaker")
        for state, outcome in finished:
            if isinstance(outcome, NotAllowed):
                await self._pause(state, outcome)

    async def _pause(self, state: State, forbidden: NotAllowed) -> None:
        company, resource = forbidden.company, forbidden.resource
        if company is None and resource is None:
            await self.store.run("pause_target", why=forbidden.why)
        else:
            resources = [resource] if resource else [r for r in self.store.views if budget(r, state.key)]
            tenant = state.parents[0] if company and budget(state.resource, state.key) else None
            await self.store.run(
                "pause_part", resources=resources, company=company or "", remote_id=tenant, why=forbidden.why
            )
        await self._read()

    def paused(self, resource: str, key: Key) -> str | None:
        """Why nothing is sent for this key; None: it may be."""
        company = company_of(resource, key)
        for part, of, why in self._pauses:
            if part in ("", resource) and of in ("", company):
                return f"paused: {name_part(part, of)} ({why})"
        return None

    def in_the_way(self, state: State) -> Postpone | None:
        """Why a delivery must wait; None: it may be begun."""
        paused = self.paused(state.resource, state.key)
        if paused:
            return Postpone(PAUSED_S, paused)
        quiet_s = self.gate.quiet_s(budget(state.resource, state.key))
        return Postpone(quiet_s, "the target asked to wait, or its calls are used up") if quiet_s > 0 else None

    async def _read(self) -> None:
        if self.store.connection.pooled and await self.store.notice_fail_over():  # whose clients need not notice
            raise LeaseLost("no lease of before the fail-over counts")
        await self.store.connection.forget_plans()
        now = self._looked_at = time.monotonic()  # before: what is written from here on is read the next time
        row = await self.store.one("read_target")
        self.open = row.active and not row.paused
        pauses = [(resource, company, why) for resource, company, why in row.pauses]
        lifted = {pause[:2] for pause in self._pauses} - {pause[:2] for pause in pauses}
        self._pauses = pauses
        if lifted:
            await self.store.run("release_paused")
        self.gate.keep_quiet(row.quiet)
        if self._opening is None and not self._closing:
            if self.down and not row.down:  # another relay found it back
                self.breaker.closed()
                self.probing = False
            self.down = row.down_why if row.down else None
        if self.down and row.probe_in_s is not None:
            self._wake_at(now + row.probe_in_s)
        self._tell("not active" if not row.active else "paused" if row.paused else "down" if self.down else "sending")

    def _tell(self, state: str) -> None:
        """In the log, when it changes. Why is left out: the words of a cloud, or a person, may name somebody."""
        told, self._told = self._told, (state, len(self._pauses))
        if self._told != told:
            level = logging.INFO if self._told == ("sending", 0) else logging.WARNING
            logger.log(level, state, extra={"target": self.store.target, "paused_parts": len(self._pauses)})

    def _wake_at(self, probe_at: float) -> None:
        if probe_at - self._probe_at > 0.05:
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, probe_at - time.monotonic()), self.woken.set)
        self._probe_at = probe_at
