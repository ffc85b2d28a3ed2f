"""Which messages are new: the cursor through the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from outbox.relay.rows import Message
from outbox.relay.store import Store

LIMIT = 1000
SLACK_S = 10.0
ALL_DUE_S = 300.0
JUMP_S = 1.0
EVER_S = 1e9


@dataclass(frozen=True)
class Page:
    """Where the next page begins; seen: the snapshot from which on messages are new once the last page was read."""

    transaction: int
    id: int
    seen: str | None


class Cursor:
    """Reads the whole backlog once, page by page, and from then on only what the previous claim could not see. Between
    the pages it looks for that as well, so that a fresh change, or a retry that is due, does not wait behind a million.

    Nothing is missed: what the first page's snapshot showed is paged through, and what it did not show is new to the
    claims beside the pages and after them. Something may come twice (a page also shows what came after that snapshot);
    looking at a key twice costs a look.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.store.holding.fresh = True
        self.seen = ""
        self.page: Page | None = Page(0, 0, None)
        self.aside = False
        self.due_since = self.all_due_at = float("-inf")
        self.apart_s = 0.0  # how far the server's clock is from the one that due_since is of

    async def claim(self) -> list[Message]:
        """The next messages that are due, at most a few times LIMIT; none when nothing is new.

        A lane that was just taken may have messages older than all that this cursor has seen: then from the start.
        Whoever had it, or we on another connection, may have put something off that a person had just resumed.
        """
        if self.store.holding.fresh:
            self.store.holding.fresh, self.page = False, Page(0, 0, None)
            self.due_since = self.all_due_at = float("-inf")
            await self.store.run("release_paused")
        if self.page is None:
            return await self._claim_new()
        self.aside = not self.aside and self.page.seen is not None
        return await (self._claim_aside(self.page) if self.aside else self._claim_page(self.page))

    async def _claim_aside(self, page: Page) -> list[Message]:
        """What has come since the backlog was begun. More than fits is left to the pages."""
        snapshot, messages = await self._look(page.seen or "")
        if len(messages) < LIMIT:
            self.page = replace(page, seen=snapshot)
        return messages

    async def _look(self, seen: str) -> tuple[str, list[Message]]:
        """What is due is looked for from the last look on, with SLACK_S for transactions that made something due and
        committed later: what was due before is in hand, and its index entries may be dead and many. From the beginning
        where the server's clock was set, which may have made anything due; and now and then, for whatever a person did
        to due_at.
        """
        now = time.monotonic()
        if now - self.all_due_at > ALL_DUE_S:
            self.due_since, self.all_due_at = float("-inf"), now
        due_within_s = min(EVER_S, now - self.due_since + SLACK_S)
        snapshot, messages, at = await self.store.claim_new(seen, LIMIT, due_within_s)
        jumped, self.apart_s = abs(at - now - self.apart_s) > JUMP_S, at - now
        if jumped and due_within_s < EVER_S:
            self.due_since = float("-inf")
            return await self._look(seen)
        if len(messages) < LIMIT:
            self.due_since = now
        return snapshot, messages

    async def _claim_new(self) -> list[Message]:
        snapshot, messages = await self._look(self.seen)
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
