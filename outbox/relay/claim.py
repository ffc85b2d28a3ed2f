"""Which messages are new: the cursor through the queue."""

from __future__ import annotations

from dataclasses import dataclass

from outbox.relay.rows import Message
from outbox.relay.store import Store

LIMIT = 1000


@dataclass(frozen=True)
class Page:
    """Where the next page begins; seen: the snapshot from which on messages are new once the last page was read."""

    transaction: int
    id: int
    seen: str | None


class Cursor:
    """Reads the whole backlog once, page by page, and from then on only what the previous claim could not see.

    Nothing is missed: what the first page's snapshot showed is paged through, and what it did not show is new to the
    claim after the last page. Something may come twice (a page also shows what came after that snapshot); looking at a
    key twice costs a look.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen = ""
        self.page: Page | None = Page(0, 0, None)

    async def claim(self) -> list[Message]:
        """The next messages that are due, at most a few times LIMIT; none when nothing is new.

        A lane that was just taken may have messages older than all that this cursor has seen: then from the start.
        """
        if self.store.holding.fresh:
            self.store.holding.fresh, self.page = False, Page(0, 0, None)
        if self.page is None:
            return await self._claim_new()
        return await self._claim_page(self.page)

    async def _claim_new(self) -> list[Message]:
        snapshot, messages = await self.store.claim_new(self.seen, LIMIT)
        if len(messages) >= LIMIT:
            # More than fits: page through from the oldest transaction that could be new.
            self.page = Page(oldest_unseen(self.seen) - 1, 2**62, snapshot)
        self.seen = snapshot
        return messages

    async def _claim_page(self, page: Page) -> list[Message]:
        snapshot, messages = await self.store.claim_page(page.transaction, page.id, LIMIT)
        seen = page.seen or snapshot
        if len(messages) < LIMIT:
            self.page, self.seen = None, seen
        else:
            self.page = Page(messages[-1].transaction, messages[-1].id, seen)
        return messages


def oldest_unseen(snapshot: str) -> int:
    """The oldest transaction that a snapshot (text form xmin:xmax:xip,...) did not show.

    >>> oldest_unseen("10:20:12,15"), oldest_unseen("20:20:")
    (12, 20)
    """
    _, xmax, running = snapshot.split(":")
    return min([int(xmax), *(int(x) for x in running.split(",") if x)])
