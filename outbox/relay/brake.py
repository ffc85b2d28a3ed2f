"""Pure: which calls a brake watches, how many of them may pass within an hour, and what trips it.

Removed users, companies, projects and costs can hardly be undone; a new user gets a mail; one wrong group right opens
the books of every client. So of each of these kinds only so many go out within an hour; when there are more, all that
have not left are held until a person decides. Access that is taken away is never braked.
"""

from __future__ import annotations

from dataclasses import dataclass

from outbox.relay.schedule import State
from outbox.targets.delivery import Action

REMOVALS = frozenset({"users", "companies", "projects", "cost_types", "cost_centres"})
GRANTS = frozenset({"company_access", "app_access"})

# With more messages pending the short look cannot tell what is in sight.
SHORT_LOOK = 200


@dataclass(frozen=True)
class Limits:
    """Calls of one kind, on one resource of one target, within an hour; percent: of the rows that the cloud holds.

    Below 100 % of the removals, all rows of a resource that has more than one never go without an approval.
    """

    removals: int = 5
    removals_percent: float = 10.0
    new_users: int = 10
    grants: int = 50
    grants_percent: float = 10.0

    def least(self, resource: str, call: str) -> int:
        """What may pass however little the cloud holds.

        >>> Limits().least("users", "remove"), Limits().least("users", "create"), Limits().least("app_access", "create")
        (5, 10, 50)
        """
        if call == "remove":
            return self.removals
        return self.new_users if resource == "users" else self.grants

    def most(self, resource: str, call: str, held: int) -> int:
        """What may pass when the cloud holds so many rows.

        >>> Limits().most("users", "remove", 20), Limits().most("users", "remove", 1000)
        (5, 100)
        >>> Limits().most("users", "create", 1000), Limits().most("company_access", "create", 1000)
        (10, 100)
        """
        if call == "create" and resource == "users":
            return self.new_users
        percent = self.removals_percent if call == "remove" else self.grants_percent
        return max(self.least(resource, call), int(held * percent / 100))


@dataclass(frozen=True)
class Facts:
    """A short look. counted: passed or held within the hour; messages, keys: pending, of the target and of this
    resource; coarse: one of them is not expanded yet; confirmed: a register approved some; rows: held by the cloud.
    All but `counted` are bounded: they say "at least".
    """

    counted: int
    messages: int
    keys: int
    coarse: bool
    confirmed: bool
    rows: int


def watched(state: State, action: Action) -> str | None:
    """The kind of call, as outbox.passed names it, or None where no brake is concerned: what was approved for this very
    key or unlinked by a person, what was begun before (it passed then), and what is no new object: a grant that is made
    again in a new company.
    """
    mirror = state.mirror
    if mirror is not None and mirror.in_doubt_s is not None and mirror.intent == action:
        return None
    if action is Action.REMOVE and state.resource in REMOVALS:
        if mirror is not None and mirror.unlinked:
            return None
        return None if "remove" in state.approved else "remove"
    if action is Action.CREATE and (state.resource == "users" or state.resource in GRANTS):
        if mirror is not None and mirror.remote_id is not None:
            return None
        return None if state.approved & {"create", "recreate"} else "create"
    return None


def surely_fits(resource: str, call: str, wanted: int, facts: Facts, limits: Limits) -> bool:
    """Can the short look rule out that the brake trips? wanted: how many are to go out now.

    >>> quiet = Facts(counted=0, messages=2, keys=2, coarse=False, confirmed=False, rows=7)
    >>> surely_fits("users", "remove", 1, quiet, Limits())
    True
    >>> surely_fits("users", "remove", 6, quiet, Limits())
    False
    """
    if facts.coarse or facts.confirmed or facts.messages > SHORT_LOOK:
        return False
    count = facts.counted + max(wanted, facts.keys)
    # those that went within the hour are no rows any more, so more than one of them asks for the exact count
    some_stay = call == "create" or limits.removals_percent >= 100 or count < facts.rows or count <= 1
    return count <= limits.least(resource, call) and some_stay


def trips(resource: str, call: str, count: int, held: int, limits: Limits) -> bool:
    """count: of this kind within an hour, sent and pending together; held: rows of the resource in the cloud.

    >>> trips("users", "remove", 5, 20, Limits()), trips("users", "remove", 6, 20, Limits())
    (False, True)
    >>> trips("users", "remove", 3, 3, Limits()), trips("users", "remove", 1, 1, Limits())
    (True, False)
    """
    return count > limits.most(resource, call, held) or _leaves_none(call, count, held, limits)


def _leaves_none(call: str, count: int, held: int, limits: Limits) -> bool:
    return call == "remove" and count >= held > 1 and limits.removals_percent < 100


def words(resource: str, call: str, count: int, held: int, limits: Limits, batch: int) -> str:
    """Why it is held, and what to do.

    >>> words("users", "remove", 6, 20, Limits(), 17)
    'brake: 6 removals of users within an hour, more than 5; decide with: outbox approve --batch 17 (or reject)'
    """
    kind = {"remove": f"removals of {resource}", "create": f"new {resource}"}[call]
    if _leaves_none(call, count, held, limits):
        what = f"all {held} rows of {resource} would be removed"
    else:
        what = f"{count} {kind} within an hour, more than {limits.most(resource, call, held)}"
    return f"brake: {what}; decide with: outbox approve --batch {batch} (or reject)"
