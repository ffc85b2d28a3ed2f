"""Which lanes of a target a relay has: between the keeper, who takes and renews them, and the loop that serves them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Holding:
    """The lanes of one target.

    held: lane -> epoch of every lane whose messages this relay may settle. leaving: those of them that it gives to
    another relay: nothing new is begun there, and each is let go when nothing of it is in flight any more.
    lanes: how many the target has; share: how many of them this relay should have.
    fresh: a lane was taken, so the backlog is to be read from the start. lost: a lane went to another relay unasked.
    closed: it gives all of them away, and takes no more.
    abandoned_at: of the monotonic clock, until when calls may have been under way whose end nobody saw, an earlier
    holder's or our own: no doubt counts from before. unfinished: our own are, so nothing is handed over; it runs out.
    unsure: a connection was lost, and what was said on it may be carried out late: see Store.renew_epochs.
    """

    held: dict[int, int] = field(default_factory=dict)
    leaving: set[int] = field(default_factory=set)
    lanes: int = 1
    share: int = 0
    fresh: bool = False
    lost: bool = False
    closed: bool = False
    unfinished: bool = False
    unsure: bool = False
    abandoned_at: float = float("-inf")
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def served(self) -> list[int] | None:
        """The lanes in which something may be begun; None: all there are."""
        served = sorted(set(self.held) - self.leaving)
        return None if len(served) == self.lanes else served

    @property
    def complete(self) -> bool:
        """It has its share, and nothing that it gives away."""
        return bool(self.held) and not self.leaving and len(self.held) >= self.share

    def take(self, taken: dict[int, int], lanes: int, abandoned_s: float | None = None) -> None:
        self.lanes = lanes
        if abandoned_s is not None:
            self.abandoned_at = max(self.abandoned_at, time.monotonic() - abandoned_s)
        self.held |= taken
        self.leaving -= set(taken)
        self.fresh = self.fresh or bool(taken)
        self.changed.set()

    def lose(self) -> None:
        """At least one lane is another relay's now. What is in flight may be anybody's, so all of it is in doubt."""
        self.lost = True
        self.changed.set()

    def renew(self, renewed: dict[int, int], *, lost: bool) -> None:
        """The same lanes in another epoch: whatever is still said in the old one counts for nothing."""
        self.held |= renewed
        self.unsure = False
        if lost:
            self.lose()

    def divide(self, share: int) -> None:
        """Who has more than his share gives the highest lanes away: the first, with the identity API, moves least."""
        leaving = set(self.held if self.closed else sorted(self.held)[share:])
        if share == self.share and leaving == self.leaving:
            return
        self.fresh = self.fresh or not self.leaving <= leaving  # what was set aside for another is ours after all
        self.share, self.leaving = share, leaving
        self.changed.set()

    def give_up(self) -> None:
        """Nothing more is begun; what is in flight ends."""
        self.closed = True
        self.divide(0)
        self.changed.set()  # a stand-by has nothing to divide, and would sleep on

    def drop(self, lanes: set[int]) -> dict[int, int]:
        """Lanes that are let go now, with their epochs."""
        dropped = {lane: self.held.pop(lane) for lane in lanes if lane in self.held}
        self.leaving -= lanes
        return dropped
