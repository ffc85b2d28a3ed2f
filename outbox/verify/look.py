"""One look at what the target lists of a resource, beside what it acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outbox.errors import NotAllowed
from outbox.relay.schedule import GIVEN_IDS
from outbox.targets.delivery import Key
from outbox.targets.held import Held, differing
from outbox.targets.listing import ListChanged, Listing, Place
from outbox.verify.findings import Finding
from outbox.verify.store import Questions

PLACES_AT_ONCE = 4  # a cloud's limits are for this and for delivery together
READS = 3  # of a list that changes while it is read
REREAD_WAIT_S = 0.5


@dataclass
class Read:
    """One list. found: what is different or unmanaged. seen: hashes of the linked remote ids that were listed, since a
    million texts would take 200 MB. refused: why nothing of this company is known.
    """

    listed: int = 0
    seen: set[int] = field(default_factory=set)
    found: list[Finding] = field(default_factory=list)
    refused: str | None = None


@dataclass
class Looked:
    """listed: objects that the target has. found: findings, with the place of each. unread: company -> why nothing of
    it is known.
    """

    listed: int = 0
    found: list[tuple[Place, Finding]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    ask: Questions
    listing: Listing
    resource: str

    async def places(self) -> list[Place]:
        return [()] if self.resource in GIVEN_IDS else await self.ask.places(self.resource)

    async def at(self, places: Sequence[Place]) -> Looked:
        """Raises CloudError where any list cannot be read whole; only a company that is refused is left out alone."""
        started_at = (await self.ask.read_times()).now
        looked, known, seen = Looked(), set[Place](), set[int]()
        for i in range(0, len(places), PLACES_AT_ONCE):
            some = places[i : i + PLACES_AT_ONCE]
            for place, read in zip(some, await _together(self._read(p, started_at) for p in some), strict=True):
                if read.refused is not None:
                    looked.unread[place[0]] = read.refused
                    continue
                known.add(place)
                looked.listed += read.listed
                seen |= read.seen
                looked.found += [(place, f) for f in read.found]
        looked.found += await self._missing(known, seen, started_at)
        return looked

    async def _missing(self, places: set[Place], seen: set[int], started_at: datetime) -> list[tuple[Place, Finding]]:
        found = []
        async for row in self.ask.linked(self.resource, started_at):
            place, key = self._place(tuple(row.key), row.remote_id), tuple(row.key)
            if not row.moving and place in places and hash(row.remote_id) not in seen:
                what = "is not in the cloud (any more)"
                found.append((place, Finding(self.resource, "missing", key, row.remote_id, " ".join(key), what)))
        return found

    def _place(self, key: Key, remote_id: str) -> Place:
        """As sql/verify/places.sql."""
        parts = remote_id.split("/", 2)
        match self.resource:
            case "users" | "companies":
                return ()
            case "company_access":
                return (parts[0],)
            case "app_access":
                return (parts[1], key[2])
        return (key[0], parts[0])

    async def _read(self, place: Place, started_at: datetime) -> Read:
        """A list that changes while it is read is read again."""
        for _ in range(READS - 1):
            try:
                return await self._read_once(place, started_at)
            except ListChanged:
                await asyncio.sleep(REREAD_WAIT_S)
        return await self._read_once(place, started_at)

    async def _read_once(self, place: Place, started_at: datetime) -> Read:
        read = Read()
        try:
            async for page in self.listing.pages(self.resource, place):
                read.listed += len(page)
                await self._compare(page, started_at, read)
        except NotAllowed as e:
            if e.company is None or e.company != place[0]:
                raise
            return Read(refused=e.why)
        return read

    async def _compare(self, page: list[Held], started_at: datetime, read: Read) -> None:
        objects = {h.remote_id: h for h in page}
        strangers = dict(objects)
        for row in await self.ask.known(self.resource, list(objects), started_at) if objects else ():
            strangers.pop(row.remote_id, None)
            read.seen.add(hash(row.remote_id))
            if row.document is None or row.moving:
                continue  # what it was is not known, or it is about to be something else
            key = tuple(row.key)
            expected = self.listing.shapes.expected(self.resource, key, row.document)
            columns = differing(expected, objects[row.remote_id].columns)
            if columns:
                what = f"{' and '.join(columns)} {'is' if len(columns) == 1 else 'are'} different there"
                read.found.append(Finding(self.resource, "different", key, row.remote_id, " ".join(key), what))
        read.found += await self._unmanaged([h for h in strangers.values() if not h.over])

    async def _unmanaged(self, strangers: list[Held]) -> list[Finding]:
        """Less what one of our own creates has just made."""
        coming: set[str] = set()
        if strangers and self.resource in GIVEN_IDS:
            coming = await self.ask.expected_soon(self.resource, [_natural(h) for h in strangers])
        what = "is in the cloud, and nobody here made it"
        return [
            Finding(self.resource, "unmanaged", None, h.remote_id, h.name, what, set_back=False)
            for h in strangers
            if _natural(h) not in coming
        ]


def _natural(held: Held) -> str:
    """By what an object with a given id is looked for, in lower case."""
    return str(held.columns.get("email") or held.columns.get("external_id") or "").lower()


async def _together(works: Iterable[Coroutine[Any, Any, Read]]) -> list[Read]:
    """All of them; where one fails the others stop and its error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
