"""Pure: how many calls a register needs, and how long they take.

What a delivery costs, when nothing goes wrong (outbox/targets):

resource                  create                             update  remove
------------------------  ---------------------------------  ------  ------------------------
users                     2: look for the e-mail, then make  1       1
companies                 3: look for id and KVK number      1       1
company_access            1                                  1       1
app_access                1, and 1 for each app of a company 1       1
projects                  1                                  1       2: read, then close
cost_types, cost_centres  one call for many values of a company

Tokens are not counted. What is in doubt is looked at first: one call more.
"""

from __future__ import annotations

from dataclasses import dataclass

# (create, update, remove)
_CALLS = {"users": (2, 1, 1), "companies": (3, 1, 1), "projects": (1, 1, 2)}
_BATCHED = frozenset({"cost_types", "cost_centres"})

# Before the first call was made. Measured ones take its place.
ASSUMED_CALL_S = 0.25


@dataclass(frozen=True)
class Work:
    """Rows of one resource. removals: those that need a call; batches: calls where many values go in one, at best;
    pairs: apps of a company that are written to; unnumbered: creates of companies without a KVK number to look for.
    """

    resource: str
    creates: int
    updates: int
    removals: int
    in_doubt: int
    batches: int
    pairs: int
    unnumbered: int = 0


@dataclass(frozen=True)
class Pace:
    """call_s: how long a call took lately; None: none was made. remaining: calls that the target still allows, None: it
    said nothing; resets_s: until it allows more.
    """

    call_s: float | None = None
    remaining: int | None = None
    resets_s: float | None = None


def calls(work: Work) -> int:
    """
    >>> calls(Work("users", 3, 2, 1, 0, 1, 0))
    9
    >>> calls(Work("cost_types", 250, 0, 0, 0, 2, 0))
    2
    """
    if work.resource in _BATCHED:
        return work.batches + (1 if work.in_doubt else 0)
    create, update, remove = _CALLS.get(work.resource, (1, 1, 1))
    known = create * work.creates + update * work.updates + remove * work.removals + work.in_doubt
    if work.resource == "companies":
        return known - work.unnumbered
    return known + (work.pairs if work.resource == "app_access" else 0)


def seconds(number: int, at_once: int, pace: Pace) -> float:
    """Roughly: calls beside each other, and not more of them than the target allows.

    >>> seconds(80, 8, Pace(call_s=0.5)), seconds(80, 8, Pace(call_s=0.5, remaining=10, resets_s=60.0))
    (5.0, 60.0)
    """
    busy_s = number * (pace.call_s or ASSUMED_CALL_S) / at_once
    if pace.remaining is not None and number > pace.remaining:
        return max(busy_s, pace.resets_s or 0.0)
    return busy_s
