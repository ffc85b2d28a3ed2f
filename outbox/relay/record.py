"""The transactions that end a delivery: what was settled, and what follows from it for children and for other users."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from psycopg.errors import LockNotAvailable

from outbox.relay import settle
from outbox.relay.intent import Begun
from outbox.relay.people import HandOver
from outbox.relay.people_rows import PeopleRows
from outbox.relay.reading import BROKEN_VIEW, LOCKED_WAIT_S
from outbox.relay.rows import Settled
from outbox.relay.schedule import State
from outbox.relay.store import Store
from outbox.targets.delivery import Call, Delivery, Key


async def record(
    store: Store, pairs: list[tuple[State, Settled]], calls: list[tuple[Delivery, Call]]
) -> list[tuple[str, Key]]:
    """Messages, mirror and attempts, and with them the messages for children and for users who waited: all or none.
    But for messages that a person is deciding about: those are his, and nobody waits until he has committed. Answers
    the keys of which nothing was recorded for that reason.

    Raises LeaseLost when the lane has passed to another relay.
    """
    try:
        await _record(store, pairs, calls)
        return []
    except LockNotAvailable:
        free = await store.find_unlocked([i for _, s in pairs for i in s.ids])
        rest = [(state, replace(s, ids=tuple(i for i in s.ids if i in free))) for state, s in pairs]
        await _record(store, [(state, s) for state, s in rest if s.ids], calls)
        return [(s.resource, s.key) for _, s in rest if not s.ids]


def look_later(waiting: dict[tuple[str, Key], None], woken: asyncio.Event, names: list[tuple[str, Key]]) -> None:
    """Whoever has their messages locked may leave them as they were: no claim would find them again."""

    def look() -> None:
        waiting.update(dict.fromkeys(names))
        woken.set()

    if names:
        asyncio.get_running_loop().call_later(LOCKED_WAIT_S, look)


async def undecided(store: Store, begun: list[Begun]) -> list[Begun]:
    """Without what a person is deciding about. Where that is the newest message of a key, it is looked at later."""
    free = await store.find_unlocked([i for b in begun for i in b.state.ids])

    def of(ids: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(i for i in ids if i in free)

    return [
        replace(b, state=replace(b.state, ids=of(b.state.ids), pending_ids=of(b.state.pending_ids)))
        for b in begun
        if b.state.message_id in free
    ]


async def _record(store: Store, pairs: list[tuple[State, Settled]], calls: list[tuple[Delivery, Call]]) -> None:
    removed = [line for state, s in pairs for line in settle.removed_parents(state, s)]
    children = [line for state, s in pairs for line in settle.children_to_look_at(state, s)]
    unsure = [line for state, s in pairs for line in settle.parents_to_look_at(state, s)]
    given_up = [line for state, s in pairs for line in settle.emails_given_up(state, s)]
    over = [line for state, s in pairs for line in settle.rejections_over(state, s)]
    unrecorded = [line for state, s in pairs for line in settle.unrecorded_creates(state, s)]
    work = [s for _, s in pairs]
    if not (removed or children or unsure or given_up or over or unrecorded):
        await store.settle(work, calls)
        return
    async with store.connection.transaction():
        await store.settle(work, calls)
        if unrecorded:
            await store.run("note_unrecorded", found=json.dumps(unrecorded))
        if removed:
            await store.run("remove_children", parents=json.dumps(removed))
        if children:
            await _enqueue(store, children)
        if unsure:
            await store.run("look_at_parents", parents=json.dumps(unsure))
        if given_up:
            await _requeue(store, given_up)
        await store.ring()
        if over:
            await store.run("end_rejections", keys=json.dumps(over))


async def hand_over(store: Store, move: HandOver, cause: int) -> None:
    """The object of one user becomes another's; what hangs below either is looked at again."""
    children = [c for key in (move.from_key, move.to_key) for c in settle.children_of_key("users", key, cause)]
    async with store.connection.transaction():
        await store.hand_over(move.from_key, move.to_key, cause)
        await _enqueue(store, children)
        await store.ring()


async def _requeue(store: Store, given_up: list[dict[str, Any]]) -> None:
    """What came back must be recorded also while the users' view cannot be read: then all users are looked at later."""
    try:
        async with store.connection.transaction():
            await PeopleRows(store).requeue_email(given_up)
    except BROKEN_VIEW:
        await _enqueue(store, [{"resource": "users", "key": {}, "cause": g["cause"]} for g in given_up[:1]])


async def _enqueue(store: Store, children: list[dict[str, Any]]) -> None:
    await store.run("enqueue_children", children=json.dumps([c for c in children if c["resource"] in store.views]))
