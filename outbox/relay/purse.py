"""Pure: the calls that one relay may still make for one company. Times are seconds of a monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass

from outbox.targets.rates import Rate

# A reset is told in whole seconds, see sql/relay/take_permits.sql.
UNSURE_S = 1.5
SAME_WINDOW_S = 2.0
# Calls that one delivery may need: two searches and the create of a company. What is split needs more, and gets on.
NEEDED = 3


@dataclass
class Purse:
    """limited None: nobody knows yet whether there is a limit, so one call goes ahead of all others and brings it.

    permits: calls taken out of the common budget and not made yet, good until `valid_until`. unheard: something new
    was said about the limit, which the common budget does not know yet. untaken: calls that no permit was taken for.
    """

    limited: bool | None = None
    capacity: int = 0
    permits: int = 0
    valid_until: float = 0.0
    window_end: float = 0.0
    in_flight: int = 0
    untaken: int = 0
    deliveries: int = 0
    heard: Rate | None = None
    unheard: bool = False
    used_up_until: float = 0.0

    def left(self, now: float) -> int:
        return self.permits if now < self.valid_until else 0

    def has(self, calls: int, now: float) -> bool:
        """May so many calls leave, without asking anybody?"""
        return self.limited is False or (self.limited is True and not self.unheard and self.left(now) >= calls)

    def wanted(self) -> int:
        """Permits that have to be there before one more delivery begins. Else many would each make a first call, none
        its second, and the same again in the next window.
        """
        return min(NEEDED, self.capacity) * (self.deliveries + 1)

    def may_begin(self, now: float) -> bool:
        """May one more delivery begin, without asking anybody? Where nothing is known its first call finds out."""
        return not self.limited or self.has(self.wanted(), now)

    def filled(self, capacity: int, granted: int, reset_s: float, now: float) -> None:
        """The common budget gave some, or none."""
        self.limited, self.capacity = True, capacity
        if granted:
            self.permits = self.left(now) + granted
            self.valid_until = now + max(0.2, reset_s - UNSURE_S)
        self.window_end = now + reset_s

    def spend(self) -> None:
        self.in_flight += 1
        if self.limited:
            self.permits -= 1

    def hear(self, rate: Rate | None, answered: bool, now: float) -> None:
        """A call has come back. rate: what it said; resets_at on the clock of `now`."""
        self.in_flight -= 1
        if rate is None:
            if answered and self.limited is None:
                self.limited = False
            return
        if not self.limited:
            self.limited, self.capacity, self.unheard = True, rate.limit, True
            self.permits, self.untaken = 0, self.in_flight + 1
        elif rate.resets_at >= self.window_end - SAME_WINDOW_S:
            # somebody else uses the same client, or a window began with calls of the one before still on their way
            self.permits = max(0, min(self.permits, rate.remaining - self.in_flight))
            self.unheard = self.unheard or rate.resets_at > self.window_end + SAME_WINDOW_S
        self.heard = rate
