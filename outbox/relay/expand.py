"""From messages with a prefix, a chain or a pattern to one message for each key below them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox.relay.rows import Message
from outbox.relay.store import Store
from outbox.resources import RESOURCES
from outbox.targets.delivery import Key

Pattern = dict[str, str]  # key column -> value; what is not named matches all

# A chain that can be followed no more: its function was replaced by another install, a table or column of it was
# renamed, retyped or dropped, a right was taken away. Not OperationalError: a time-out says nothing about the chain.
BROKEN_CHAIN = (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError)


@dataclass(frozen=True)
class Coarse:
    """A pattern and the message it came from."""

    resource: str
    pattern: tuple[tuple[str, str], ...]
    operation: str
    cause: int


def is_full(message: Message) -> bool:
    """Does the message name one key?"""
    return message.key is not None and len(message.key) == len(RESOURCES[message.resource].key)


def absorb(coarse: list[Coarse]) -> list[Coarse]:
    """Without those that another one covers: ten thousand changes of a licence table are one recheck.

    A REGISTER is covered only by a REGISTER, since it may remove what others only hold.
    """
    kept: dict[tuple[str, bool, tuple[tuple[str, str], ...]], Coarse] = {}
    for c in coarse:
        kept[(c.resource, c.operation == "REGISTER", c.pattern)] = c
    wide = {(r, reg): p for (r, reg, p) in kept if not p}
    return [
        c
        for (resource, registers, pattern), c in kept.items()
        if not (pattern and ((resource, registers) in wide or (resource, True) in wide))
        and not (not pattern and not registers and (resource, True) in wide)
    ]


async def expand(store: Store, messages: list[Message]) -> list[tuple[str, Key]]:
    """Write the messages below and settle these, in one transaction; answers the keys that are to be looked at next.

    A chain that leads to one full key needs no other message: its own was given the key when it was followed. Not in
    this transaction, since that locks the lease, which must be renewed while a million rows are expanded.
    """
    direct = [m for m in messages if m.via is None or "follow" not in m.via]
    chained = [m for m in messages if m.via is not None and "follow" in m.via]
    led, resolved = await _follow(store, chained)
    coarse = [c for m in direct for c in _direct(m)]
    coarse += [c for m in chained if m.id not in resolved for c in led[m.id]]
    done = [m.id for m in messages if m.id not in resolved]
    async with store.connection.transaction() if done else nullcontext():
        if done:
            await store.run("settle_expanded", ids=done)
            await _write(store, absorb(coarse))
        await store.ring()
    return [(m.resource, resolved[m.id]) for m in chained if m.id in resolved]


async def _write(store: Store, coarse: list[Coarse]) -> None:
    await _expand_keys(store, coarse)
    for (resource, columns, operation), group in _grouped(coarse).items():
        patterns = [[dict(c.pattern)[column] for column in columns] for c in group]
        await store.expand(resource, columns, patterns, operation, max(c.cause for c in group))


def _direct(message: Message) -> list[Coarse]:
    if message.key is not None:
        pattern = dict(zip(RESOURCES[message.resource].key, message.key, strict=False))
    else:
        pattern = (message.via or {}).get("key", {})
    return [_coarse(message, pattern)]


async def _follow(store: Store, messages: list[Message]) -> tuple[dict[int, list[Coarse]], dict[int, Key]]:
    """Where each chain leads in current data, and the keys of those that led to one: one query for all messages of a
    chain.
    """
    by_chain: dict[str, list[Message]] = {}
    for m in messages:
        by_chain.setdefault((m.via or {})["follow"], []).append(m)
    led: dict[int, list[Coarse]] = {}
    resolved: dict[int, Key] = {}
    for function, group in by_chain.items():
        anchors: dict[Any, list[str]] = {}
        try:
            found, keys = await store.follow(function, [_start(m) for m in group])
        except BROKEN_CHAIN:
            # What the change itself knew of the key still is; the rest is every row.
            led |= {m.id: _direct(m) for m in group}
            continue
        resolved |= keys
        for start, anchor in found:
            anchors.setdefault(_frozen(start), []).append(anchor)
        for m in group:
            via, first = m.via or {}, RESOURCES[m.resource].key[0]
            known = via.get("key", {})
            led[m.id] = [_coarse(m, {first: a, **known}) for a in anchors.get(_frozen(via["start"]), [])]
    return led, resolved


def _start(message: Message) -> dict[str, Any]:
    """Line for follow: rest is the key without its first column, where the change itself knew all of that."""
    via, columns = message.via or {}, RESOURCES[message.resource].key[1:]
    known = via.get("key", {})
    rest = [known[c] for c in columns] if set(known) == set(columns) else None
    return {"id": message.id, "start": via["start"], "rest": rest}


async def _expand_keys(store: Store, coarse: list[Coarse]) -> None:
    """Patterns that name every key column need no look at the view."""
    keys = [
        {"resource": c.resource, "key": [v for _, v in c.pattern], "operation": c.operation, "cause": c.cause}
        for c in coarse
        if len(c.pattern) == len(RESOURCES[c.resource].key)
    ]
    if keys:
        await store.run("expand_keys", keys=json.dumps(keys))


def _grouped(coarse: list[Coarse]) -> dict[tuple[str, tuple[str, ...], str], list[Coarse]]:
    """Those that still need a look, by resource and the columns they name."""
    groups: dict[tuple[str, tuple[str, ...], str], list[Coarse]] = {}
    for c in coarse:
        if len(c.pattern) < len(RESOURCES[c.resource].key):
            groups.setdefault((c.resource, tuple(n for n, _ in c.pattern), c.operation), []).append(c)
    return groups


def _coarse(message: Message, pattern: Pattern) -> Coarse:
    columns = RESOURCES[message.resource].key
    operation = "REGISTER" if message.operation == "REGISTER" else "EXPAND"
    return Coarse(message.resource, tuple((c, pattern[c]) for c in columns if c in pattern), operation, message.id)


def _frozen(start: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(start.items()))
