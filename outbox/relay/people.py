"""Who a user is: an e-mail belongs to one object of the cloud, and an object to one key of ours.

Before a user is created, removed or given another e-mail, the others are asked: a changed user code is no removal and
no second invitation; who still has the e-mail is waited for; where it cannot be told, a person decides (held).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from outbox.relay.rows import Rival, Successor
from outbox.relay.schedule import Deliver, Postpone, Settle, State
from outbox.relay.settle import email_of
from outbox.targets.delivery import Action, Key

WAIT_S = 0.5


@dataclass(frozen=True)
class HandOver:
    """The object moves from one key to another, without a call."""

    from_key: Key
    to_key: Key


Verdict = Deliver | Settle | Postpone | HandOver


class People(Protocol):
    """What the rules ask about other users, and all that they ask: people_rows answers, or a model of it."""

    async def find_rivals(self, key: Key, email: str) -> list[Rival]:
        """Other users whose object in the cloud has this e-mail, or may have it."""

    async def find_successors(self, emails: Iterable[str]) -> list[Successor]:
        """The users in the view that have one of these e-mails; those without an object first."""


async def judge(people: People, state: State, action: Action) -> Verdict:
    """Deliver as decided, or what has to happen instead."""
    if action is Action.REMOVE:
        return await _leaving(people, state)
    wanted = email_of(state.document)
    held = email_of(state.mirror.document) if state.mirror else None
    if action is Action.LOOK or wanted is None or (held and held.lower() == wanted.lower()):
        return Deliver(action)
    if _was_leaving(state, wanted):
        return Deliver(Action.REMOVE)
    rivals = await people.find_rivals(state.key, wanted)
    if move := await _moved_up(people, state.key, wanted, rivals):
        return move
    another = _another_person(state, wanted)
    if another and "update" not in state.approved:
        return Settle("held", error=another, withheld="update")
    for rival in rivals:
        verdict = await _against(people, state, action, wanted, rival)
        if verdict is not None:
            return verdict
    return Deliver(action)


async def _leaving(people: People, state: State) -> Verdict:
    mirror = state.mirror
    emails = tuple(e for e in (email_of(mirror.document), *mirror.sending) if e) if mirror else ()
    if mirror is None or mirror.remote_id is None:
        return Deliver(Action.REMOVE)
    move = await _last_move(people, state.key, emails, state.rows == 0)
    return move or await _wanted_by_another(people, state.key, emails) or Deliver(Action.REMOVE)


async def _last_move(people: People, leaving: Key, emails: tuple[str, ...], gone: bool) -> HandOver | Postpone | None:
    """The object of a user who leaves moves to whoever has his e-mail now. Where that one has an object already, whose
    e-mail is somebody else's now, and so on, the users were renumbered and all objects move up: the last one first.

    None: the chain ends with nobody, so that everybody in it keeps his own. gone: he has no row.
    """
    key, seen = leaving, {leaving}
    while True:
        found = await people.find_successors(emails)
        if gone and any(s.key == leaving for s in found):  # since his row was read
            return Postpone(0.0, f"user {leaving[0]} is in the view again")
        successor = next((s for s in found if s.key not in seen), None)
        if successor is None:
            return None
        if not successor.has_object:
            if successor.in_doubt:
                why = f"user {successor.key[0]} with the same e-mail is in doubt"
                return Postpone(WAIT_S, why, ("users", successor.key))
            return HandOver(key, successor.key)
        key, emails = successor.key, successor.emails
        seen.add(key)


async def _wanted_by_another(people: People, leaving: Key, emails: tuple[str, ...]) -> Settle | None:
    """Whose e-mail it is now has an object that was perhaps made for another person: until that is decided nobody can
    say that this one is not his.
    """
    for successor in await people.find_successors(emails):
        if successor.has_object and successor.another and successor.key != leaving:
            why = f"user {successor.key[0]} has this e-mail now, and is perhaps another person: decide about him first"
            return Settle("held", error=why, withheld="remove")
    return None


async def _moved_up(people: People, key: Key, email: str, rivals: list[Rival]) -> HandOver | Postpone | None:
    """As above, seen from one of those who move: from him to whose e-mail he wants, until somebody leaves."""
    seen = {key}
    while rivals:
        if leaving := [r for r in rivals if not r.stays and r.remote_id is not None and not r.in_doubt]:
            return await _last_move(people, leaving[0].key, (email,), gone=True)
        stay = [r for r in rivals if r.stays and r.email and r.key not in seen]
        if not stay or stay[0].email is None:
            return None
        seen.add(stay[0].key)
        email = stay[0].email
        rivals = await people.find_rivals(stay[0].key, email)
    return None


async def _against(people: People, state: State, action: Action, email: str, rival: Rival) -> Verdict | None:
    name = rival.key[0]
    exchange = f"users {state.key[0]} and {name} exchange their e-mails: change one to a third first"
    if rival.in_doubt:
        # Both in doubt, each would wait for the other to be cleared up, for ever; who is held is in doubt no longer.
        if state.mirror and state.mirror.in_doubt_s is not None and await _comes_back(people, state.key, rival):
            return Settle("held", error=exchange)
        return _wait_for(rival, f"user {name} with the same e-mail is in doubt")
    if not rival.stays:
        if action is Action.CREATE and rival.remote_id is not None:
            return HandOver(rival.key, state.key)
        return _wait_for(rival, f"user {name} is about to leave with this e-mail")
    if not rival.ready or (rival.email or "").lower() == email.lower():
        return Settle("held", error=f"ambiguous: user {name} has this e-mail in the cloud")
    if await _comes_back(people, state.key, rival):
        return Settle("held", error=exchange)
    return _wait_for(rival, f"user {name} is about to give up this e-mail")


def _wait_for(rival: Rival, why: str) -> Verdict:
    """Held where nothing is under way for him: who gives an e-mail up has its next owner looked at again."""
    if rival.looked_at:
        return Postpone(WAIT_S, why, ("users", rival.key))
    return Settle("held", error=f"{why}, but is held, dead or not looked at himself")


async def _comes_back(people: People, key: Key, rival: Rival) -> bool:
    """Does the chain of who waits for whose e-mail lead back to the key? Then nobody can go first."""
    seen = {rival.key}
    while rival.email:
        others = [r for r in await people.find_rivals(rival.key, rival.email) if r.stays]
        if any(r.key == key for r in others):
            return True
        others = [r for r in others if r.key not in seen]
        if not others:
            return False
        rival = others[0]
        seen.add(rival.key)
    return False


def _was_leaving(state: State, wanted: str) -> bool:
    """Was the object about to be removed, and is the row somebody's with another e-mail? That is finished first."""
    mirror = state.mirror
    if mirror is None or mirror.intent != "remove":
        return False
    had = {email_of(mirror.document), *mirror.sending}
    return wanted.lower() not in {e.lower() for e in had if e}


def _another_person(state: State, wanted: str) -> str | None:
    """What says so; None: it is the same one. Where what the account holds was known and is not any more (a doubt that
    came to nothing), at least its e-mails are.
    """
    mirror = state.mirror
    if mirror is None or state.document is None:
        return None
    if mirror.document is None:
        known = {e.lower() for e in mirror.sending}
        if not mirror.confirmed or not known or wanted.lower() in known:
            return None
        return (
            "another e-mail, and the names of before are not known: perhaps another person; approve when it is the same"
        )
    held: dict[str, Any] = json.loads(mirror.document)
    row: dict[str, Any] = json.loads(state.document)
    if any(held.get(c) == row.get(c) for c in ("email", "first_name", "last_name")):
        return None
    return "e-mail, first and last name all changed: perhaps another person; approve when it is the same"
