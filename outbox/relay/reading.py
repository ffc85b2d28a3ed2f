"""Reading the desired views, which may be broken: what cannot be read is put off, and holds up nothing else."""

from __future__ import annotations

import logging
from typing import TypeVar

import psycopg

from outbox.relay.expand import expand
from outbox.relay.rows import Message, Settled
from outbox.relay.schedule import State
from outbox.relay.store import Store
from outbox.targets.delivery import Key

logger = logging.getLogger("outbox.relay")
T = TypeVar("T")

MOST_BYTES = 2600  # as in sql/relay/expand.sql
TOO_LONG = "its key is too long for the outbox: 2,600 bytes are the most"
VIEW_WAIT_S = 30.0
LOCKED_WAIT_S = 5.0
# Of OperationalError only a lock: one of the tables behind the view is being altered, and what needs other tables goes
# on. A connection that is lost, a deadlock or another time-out is nothing about the view. XX000: some outer joins
# PostgreSQL cannot plan.
BROKEN_VIEW = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.NotSupportedError,
    psycopg.errors.InternalError_,
    psycopg.errors.LockNotAvailable,
)


async def expand_readable(store: Store, messages: list[Message]) -> list[tuple[str, Key]]:
    """As `expand`, each resource for itself; what its view cannot compute is put off."""
    groups: dict[str, list[Message]] = {}
    for m in messages:
        groups.setdefault(m.resource, []).append(m)
    return [k for group in groups.values() for k in await _expand_readable(store, group)]


async def _expand_readable(store: Store, messages: list[Message]) -> list[tuple[str, Key]]:
    try:
        return await expand(store, messages)
    except (*BROKEN_VIEW, psycopg.errors.ProgramLimitExceeded) as e:
        if isinstance(e, (psycopg.DataError, psycopg.errors.ProgramLimitExceeded)) and len(messages) > 1:
            return [k for half in _halves(messages) for k in await _expand_readable(store, half)]
        if isinstance(e, psycopg.errors.ProgramLimitExceeded):
            await give_up(store, messages, TOO_LONG)
            return []
        await _put_off(store, messages[0].resource, [m.id for m in messages], unreadable(e), patience_s(e))
        return []


async def compare_readable(store: Store, resource: str, keys: list[Key]) -> list[State]:
    """As `Store.compare`; keys that the view cannot compute are put off. One that some index would not take is dead:
    how long that is depends on what stands beside it there.
    """
    for key in [k for k in keys if _bytes(k) > MOST_BYTES]:
        keys = [k for k in keys if k != key]
        ids = tuple(await store.find_open(resource, key))
        if ids:
            await store.settle([Settled(resource, key, ids, ids[-1], "dead", error=TOO_LONG)], [])
    try:
        if resource in store.views:
            return await store.compare(resource, keys)
        why, wait_s = "it is gone", VIEW_WAIT_S
    except BROKEN_VIEW as e:
        if isinstance(e, psycopg.DataError) and len(keys) > 1:
            return [s for half in _halves(keys) for s in await compare_readable(store, resource, half)]
        why, wait_s = unreadable(e), patience_s(e)
    await _put_off(store, resource, [i for k in keys for i in await store.find_open(resource, k)], why, wait_s)
    return []


async def give_up(store: Store, messages: list[Message], error: str) -> None:
    """Nothing can be compared: say so, and keep the messages dead."""
    await store.settle([Settled(m.resource, m.key or (), (m.id,), m.id, "dead", error=error) for m in messages], [])


def unreadable(error: psycopg.Error) -> str:
    """What PostgreSQL said, without its details, which may show data."""
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "a table that it reads is locked"
    return error.diag.message_primary or type(error).__name__


def patience_s(error: psycopg.Error) -> float:
    return LOCKED_WAIT_S if isinstance(error, psycopg.errors.LockNotAvailable) else VIEW_WAIT_S


async def _put_off(store: Store, resource: str, ids: list[int], why: str, wait_s: float) -> None:
    """It may be mended meanwhile; perhaps it has other columns then."""
    logger.error("view cannot be read", extra={"target": store.target, "resource": resource, "why": why})
    error = f"the view {store.target}.{resource} cannot be read: {why}"[:500]
    work = [Settled(resource, (), tuple(ids), i, "pending", error=error, wait_s=wait_s) for i in ids[-1:]]
    await store.settle(work, [])
    await store.read_views()


def _bytes(key: Key) -> int:
    """Of text[] in the database, in UTF-8: 24 and, for each value, 4 and its own, filled up to a multiple of 4. A null,
    which only a person names (register), counts as empty: there is no such row.

    >>> _bytes(("jansen", "001"))
    44
    """
    return 24 + sum(4 + (len((value or "").encode()) + 3) // 4 * 4 for value in key)


def _halves(items: list[T]) -> tuple[list[T], list[T]]:
    """One value or row that the view cannot compute is found by halving, so that the others go on."""
    return items[: len(items) // 2], items[len(items) // 2 :]
