"""A whole target: each resource compared, set back if asked, recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from outbox.errors import OutboxError
from outbox.relay.compose import View
from outbox.relay.connection import Connection
from outbox.relay.reading import BROKEN_VIEW, unreadable
from outbox.relay.store import Store
from outbox.resources import OF_THE_ERP, RESOURCES, name_part
from outbox.targets.listing import Listing
from outbox.verify.findings import SHOWN_NAMES, Finding, Verified
from outbox.verify.look import Look, Looked
from outbox.verify.store import Questions


async def verify(
    connection: Connection, listing: Listing, resources: Sequence[str] = (), *, repair: bool = False
) -> list[Verified]:
    """Compares the resources that have a view (none named: all), records each result, and answers them.

    repair: what differs is set back, by ordinary messages. After a restore the mirror counts again when all is known.
    """
    store = Store(connection, listing.name)
    await store.read_views()
    ask = Questions(connection, listing.name)
    since = (await ask.read_times()).verify_since
    target = await store.one("read_target")
    views = [store.views[name] for name in RESOURCES if name in store.views and name in (resources or RESOURCES)]
    checked = []
    for view in views:
        checked.append(await _Check(ask, listing, view, target, since).run(repair=repair))
        await ask.record(checked[-1])
    if since and len(views) == len(store.views) and all(c.result != "unknown" for c in checked):
        await ask.believe(since)
    return checked


@dataclass(frozen=True)
class _Check:
    """One resource."""

    ask: Questions
    listing: Listing
    view: View
    target: Any
    verify_since: datetime | None

    async def run(self, *, repair: bool) -> Verified:
        started_at = (await self.ask.read_times()).now
        try:
            self._refuse_closed()
            listed, findings, unread = await self._compare()
        except OutboxError as e:
            return self._verified("unknown", started_at, why=e.why)
        except BROKEN_VIEW as e:
            return self._verified("unknown", started_at, why=f"the view cannot be read: {unreadable(e)}")
        ours = [f for f in findings if f.is_ours]
        written = await self._set_back(ours, repair)
        result = "unknown" if unread else "different" if ours else "equal"
        why = "; ".join(list(unread.values())[:SHOWN_NAMES]) or None
        return self._verified(
            result,
            started_at,
            listed=listed,
            findings=tuple(findings),
            set_back=written,
            why=why,
            unread=tuple(unread),
        )

    def _refuse_closed(self) -> None:
        """Nothing is asked of what nothing is sent to. What is paused in part is not known as a whole, see below."""
        name, resource = self.listing.name, self.view.resource
        if not self.target.active:
            raise OutboxError(f"{name} waits for its first register")
        if self.target.paused:
            raise OutboxError(f"{name} is paused: {self.target.why}")
        if self.target.down:
            raise OutboxError(f"{name} is down: {self.target.down_why}")
        for part, company, why in self.target.pauses:
            whole = not company or ("company_code" in resource.key and not self._by_company)
            if part in ("", resource.name) and whole:
                raise OutboxError(f"{name_part(part, company, name)} is paused: {why}")

    @property
    def _by_company(self) -> bool:
        """In the ERP each company has lists of its own: what is said of one says nothing of the others."""
        return self.view.resource.name in OF_THE_ERP

    def _closed_companies(self) -> dict[str, str]:
        """Company -> why it is not asked."""
        return {
            company: f"{name_part(part, company, self.listing.name)} is paused: {why}"
            for part, company, why in self.target.pauses
            if company and self._by_company and part in ("", self.view.resource.name)
        }

    def _verified(self, result: str, started_at: datetime, **rest: Any) -> Verified:
        return Verified(self.listing.name, self.view.resource.name, result, started_at, **rest)

    async def _set_back(self, ours: list[Finding], repair: bool) -> int:
        """Also without repair what differs must not count as unchanged once the mirror is believed again."""
        resource = self.view.resource.name
        keys = [f.key for f in ours if f.key and f.set_back]
        if self.verify_since:
            await self.ask.mark(resource, [f.key for f in ours if f.key])
        elif repair:
            await self.ask.mark(resource, keys)
        return await self.ask.set_back(resource, keys) if repair else 0

    async def _compare(self) -> tuple[int, list[Finding], dict[str, str]]:
        """(objects listed, findings, the companies of which nothing is known and why)"""
        look, unread = Look(self.ask, self.listing, self.view.resource.name), self._closed_companies()
        first = await look.at([place for place in await look.places() if not place or place[0] not in unread])
        doubtful = list(dict.fromkeys(place for place, f in first.found if f.is_ours))
        second = await look.at(doubtful) if doubtful else Looked()
        unread |= first.unread | second.unread
        again = {f for _, f in second.found}
        found = [f for f in await self._forgotten() if not self._by_company or (f.key or ("",))[0] not in unread]
        known = {f.key for f in found}
        found += [f for _, f in first.found if not f.is_ours or (f in again and f.key not in known)]
        return first.listed, await self._freeze(found), unread

    async def _forgotten(self) -> list[Finding]:
        """Of the database alone."""
        resource = self.view.resource.name
        kinds = {True: "different", False: "missing"}
        return [
            Finding(resource, kinds[r.remote_id is not None], tuple(r.key), r.remote_id, " ".join(r.key), r.what)
            for r in await self.ask.forgotten(self.view)
        ]

    async def _freeze(self, findings: list[Finding]) -> list[Finding]:
        """What is not ready stays as it is, whatever the cloud made of it."""
        keys = [f.key for f in findings if f.is_ours and f.key]
        frozen = await self.ask.frozen(self.view, keys) if keys else set()
        return [
            replace(f, what=f"{f.what}; not ready, so it is not set back", set_back=False) if f.key in frozen else f
            for f in findings
        ]
