"""Pure: what has to be done about one key, from what one snapshot shows of it. No clock, no I/O.

view        mirror           in doubt  do
----------  ---------------  --------  ---------------------------------------------------------
ready       none             -         create
ready       other document   -         update (also: other parents, create under the new ones)
ready       same             no        nothing: unchanged
ready       any              yes       no remote id: look; else write again, the document is whole
not ready   any              -         nothing: not_ready, what the cloud holds stays
withdrawn   row              -         held, a REGISTER message removes
not sent    any              removing  remove: not ready or withdrawn, and back since the removal was begun
any         unlinked         -         remove, then create anew
no row      row              -         remove; shared with another key, or in a company that is gone: let go, no call
ready       other account    -         of an access: remove, then look again; the account is gone, or another user's now
no row      none             no        nothing: unchanged
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outbox.resources import OF_THE_ERP, RESOURCES
from outbox.targets.delivery import Action, Key

# Made with an id that the server gives: after an unknown outcome nobody can name the object, it must be looked for.
GIVEN_IDS = frozenset({"users", "companies"})


@dataclass(frozen=True)
class Mirror:
    """A row of outbox.mirror. in_doubt_s: seconds since the call that is not cleared up, intent: what it was to do;
    None where no call was made: verify and register --force doubt what they have no proof of.
    unlinked: a person says that the object is somebody else's. gone: the target knows it no longer. confirmed: the
    target once said what is in it. doubted: see outbox.mirror.
    """

    remote_id: str | None
    document: str | None
    parents: tuple[str | None, ...] = ()
    in_doubt_s: float | None = None
    sending: tuple[str, ...] = ()
    etag: str | None = None
    intent: str | None = None
    unlinked: bool = False
    gone: bool = False
    confirmed: bool = False
    doubted: bool = False


@dataclass(frozen=True)
class State:
    """One key in one snapshot. Documents are JSON text as PostgreSQL gave it, so that they compare equal later.

    ids: all its open messages; pending_ids: those that wait for this delivery; rows: how often the view has it.
    attempts, age_s: of the newest pending message.
    parents: the parents' present remote ids, None where a parent is not in the cloud; user_gone: one that is a
    user is known there no longer.
    same: the mirror's document equals the view's. believed: the mirror counts; not so what was not compared since a
    restore. shared: another key certainly has the same remote id.
    approved: what a person let pass (a call, or "recreate"). rejected: a person rejected what is to be done; False: but
    the row is another since, None: nobody did. withheld: what an open message is held for.
    """

    resource: str
    key: Key
    ids: tuple[int, ...]
    pending_ids: tuple[int, ...]
    attempts: int = 0
    age_s: float = 0.0
    registered: bool = False
    rows: int = 0
    document: str | None = None
    missing: tuple[str, ...] = ()
    withdrawn: bool = False
    mirror: Mirror | None = None
    same: bool = False
    believed: bool = True
    parents: tuple[str | None, ...] = ()
    user_gone: bool = False
    shared: bool = False
    lane: int = 0
    approved: frozenset[str] = frozenset()
    rejected: bool | None = None
    withheld: str | None = None

    @property
    def message_id(self) -> int:
        """The newest pending message: it stands for the delivery. A stuck one may be newer: ids are no commit order."""
        return self.pending_ids[-1]


@dataclass(frozen=True)
class Deliver:
    """Make the call."""

    action: Action


@dataclass(frozen=True)
class Settle:
    """No call. drop: the mirror row goes as well. withheld, of what is held: what an approval lets pass, None where no
    approval could settle it; batch: what one brake held together.
    """

    status: str
    outcome: str | None = None
    error: str | None = None
    drop: bool = False
    withheld: str | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Postpone:
    """Not now: look again after wait_s seconds, or as soon as the delivery of another key is over. drop: as above."""

    wait_s: float
    why: str
    after: tuple[str, Key] | None = None
    drop: bool = False


Decision = Deliver | Settle | Postpone


def doubt_at_most(state: State, seconds: float) -> State:
    """The doubt was marked before its call left, and that may have been later than anybody knows: it counts no longer
    than this. A doubt that no call stands behind has nothing to wait for.
    """
    mirror = state.mirror
    if mirror is None or mirror.in_doubt_s is None or mirror.intent is None or mirror.in_doubt_s <= seconds:
        return state
    return replace(state, mirror=replace(mirror, in_doubt_s=max(0.0, seconds)))


def decide(state: State, deadline_s: float) -> Decision:
    """The table above. deadline_s: a call whose outcome is unknown may land as long as this after it was made.

    What a person rejected is not done, nor asked again, as long as the row is as it was then.
    """
    decision = _by_table(state, deadline_s)
    asked = state.registered or state.approved
    if state.rejected and not asked and isinstance(decision, Deliver) and decision.action is not Action.LOOK:
        return Settle("done", "rejected", "rejected before; outbox register with this key does it after all")
    return decision


def _by_table(state: State, deadline_s: float) -> Decision:
    mirror = state.mirror
    if mirror is not None and mirror.in_doubt_s is not None:
        called = mirror.intent is not None or mirror.remote_id is None
        if called and mirror.in_doubt_s < deadline_s:
            return Postpone(deadline_s - mirror.in_doubt_s, "an earlier call may still arrive")
        if mirror.remote_id is None and state.resource in GIVEN_IDS:
            return Deliver(Action.LOOK)
        if mirror.intent == "remove" and state.rows == 1 and (state.withdrawn or state.missing):
            return _leave(state)  # it was begun; as nothing is sent for the row, nothing else would find out
    if state.rows > 1:
        return Settle(
            "held",
            error=f"the view has this key {state.rows} times; make it unique, then it goes on by itself",
        )
    if state.rows == 0:
        return _leave(state)
    if mirror is not None and mirror.unlinked:
        return Deliver(Action.REMOVE)  # and then look again: there is a row, and nothing in the cloud
    if state.withdrawn and mirror is not None:
        return (
            Deliver(Action.REMOVE)
            if state.registered
            else Settle("held", error="register to remove", withheld="remove")
        )
    if state.missing:
        return Settle("done", "not_ready", "missing: " + ", ".join(state.missing))
    if state.withdrawn:
        return Settle("done", "not_ready", "withdrawn")
    return _hold(state)


def _leave(state: State) -> Decision:
    if state.mirror is None:
        return Settle("done", "unchanged")
    if state.shared:
        return Settle("done", "removed", "another key has this object of the cloud", drop=True)
    if budget(state.resource, state.key) and (state.mirror.remote_id or "").split("/")[0] not in state.parents:
        # Nobody gets a token for a tenant that is gone: the call would be refused for ever.
        return Settle("done", "removed", "the company it was made in is gone", drop=True)
    return Deliver(Action.REMOVE)


def _hold(state: State) -> Decision:
    mirror = state.mirror
    if mirror is not None and mirror.remote_id is not None and _of_another_account(state, mirror.remote_id):
        account = _parent(state, "users")
        if account is None or not state.shared:
            return _leave(state)  # and then look again, see settle.children_to_look_at
    parents = RESOURCES[state.resource].parents
    for parent, remote_id in zip(parents, state.parents, strict=True):
        if remote_id is None or (parent.resource == "users" and state.user_gone):
            key = parent_key(state.resource, state.key, parent.resource)
            return Settle("done", "not_ready", f"{parent.resource} {' '.join(key)} is not in the cloud")
    if mirror is None or mirror.remote_id is None or mirror.parents != state.parents:
        return Deliver(Action.CREATE)
    if "recreate" in state.approved:
        return Postpone(0.0, "it is gone from the cloud, and is created again", drop=True)
    if state.same and mirror.in_doubt_s is None:
        return Settle("done", "unchanged")
    return Deliver(Action.UPDATE)


def _of_another_account(state: State, remote_id: str) -> bool:
    """Of an access, TENANT/USER[/APP]: the company is as it was, the user's account is gone or another user's now."""
    if not is_access(state.resource):
        return False
    tenant, user = remote_id.split("/")[:2]
    return tenant == _parent(state, "companies") and user != _parent(state, "users")


def _parent(state: State, resource: str) -> str | None:
    """The present remote id of a parent."""
    names = [p.resource for p in RESOURCES[state.resource].parents]
    return state.parents[names.index(resource)]


def is_access(resource: str) -> bool:
    """
    >>> [r for r in RESOURCES if is_access(r)]
    ['company_access', 'app_access']
    """
    return "users" in (p.resource for p in RESOURCES[resource].parents)


def parents_of(resource: str, key: Key) -> list[tuple[str, Key]]:
    """The parents of a child, by name: parents_of("projects", ("001", "P1")) is [("companies", ("001",))]."""
    return [(p.resource, parent_key(resource, key, p.resource)) for p in RESOURCES[resource].parents]


def parent_key(resource: str, key: Key, parent: str) -> Key:
    """The key of a child's parent: parent_key("company_access", ("jansen", "001"), "companies") is ("001",)."""
    columns = RESOURCES[resource].key
    wanted = next(p.columns for p in RESOURCES[resource].parents if p.resource == parent)
    return tuple(key[columns.index(c)] for c in wanted)


def budget(resource: str, key: Key) -> str:
    """Whose limits a call counts against: of the company in the ERP, else of the whole target ("")."""
    return key[0] if resource in OF_THE_ERP else ""


def in_order(states: list[State]) -> list[State]:
    """Of what is claimed together, parents go first; then by the oldest message."""
    return sorted(states, key=lambda s: (RESOURCES[s.resource].rank, s.ids[0]))
