"""Pure: is it the platform as a whole that fails? From the outcomes of deliveries, without a clock.

Opened by
- failures of several keys in a row, without one success between them (the platform answers nobody);
- calls in a row that found nobody at all (no connection, no token), whosever they were;
- more than a third of the keys failing for a while (the error budget: each success pays for half a failure).

Only the first failure of a key counts until it succeeds: one record that always fails says nothing of the platform,
however often it is tried. A refusal is an answer, and so a success here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from outbox.errors import Ambiguous, CloudError, NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.targets.delivery import Delivered, Key, Outcome

Name = tuple[str, Key]

IN_A_ROW = 3
BUDGET = 10.0
EARNED = 0.5
REMEMBERED = 10_000


@dataclass
class Breaker:
    """first_s doubles with every probe that fails, up to cap_s."""

    first_s: float = 1.0
    cap_s: float = 60.0
    budget: float = BUDGET
    failing: OrderedDict[Name, None] = field(default_factory=OrderedDict)  # since their last success
    keys_in_a_row: int = 0
    nobody_in_a_row: int = 0

    def note(self, name: Name, outcome: Outcome, http_status: int | None) -> bool:
        """True: this opens it. http_status: of the last call of the delivery, None where nobody answered."""
        failed = is_failure(outcome, http_status)
        if failed is None:
            return False
        if not failed:
            self.failing.pop(name, None)
            self.keys_in_a_row = self.nobody_in_a_row = 0
            self.budget = min(BUDGET, self.budget + EARNED)
            return False
        self.nobody_in_a_row = self.nobody_in_a_row + 1 if _found_nobody(outcome) else 0
        if name not in self.failing:
            self.failing[name] = None
            self.keys_in_a_row += 1
            self.budget -= 1
            if len(self.failing) > REMEMBERED:
                self.failing.popitem(last=False)
        return self.keys_in_a_row >= IN_A_ROW or self.nobody_in_a_row >= IN_A_ROW or self.budget <= 0

    def closed(self) -> None:
        """It answers again, with half the budget: whether it does for all has to be seen."""
        self.keys_in_a_row = self.nobody_in_a_row = 0
        self.budget = BUDGET / 2


def is_failure(outcome: Outcome, http_status: int | None) -> bool | None:
    """None: it says nothing of the platform. What it answers, be it a refusal, shows that it is there.

    >>> is_failure(Delivered("7"), 201), is_failure(Unknown("500"), 500), is_failure(Transient("busy"), 429)
    (False, True, None)
    """
    match outcome:
        case Delivered() | Refused() | Ambiguous() | NotAllowed():
            return False
        case PlatformDown() | Unknown():
            return True
        case Transient(retry_after_s=None, http_status=None) if http_status is None:
            return True
        case Transient(http_status=int() as said) if said >= 500 or said < 300:
            return True  # 2xx: something that is not the API answers for it
        case CloudError():
            return None
        case _:  # a fault of ours
            return None


def _found_nobody(outcome: Outcome) -> bool:
    return isinstance(outcome, PlatformDown) and outcome.http_status is None
