"""The first contact with a cloud that was kept by hand: what it holds unlinked, and which rows of ours that may be.

An object is matched by the strongest that fits: users by e-mail, else by name; companies by external id, else by
country and KVK number, else by name. E-mail and external id are sure, since the cloud keeps them unique. The rest a
person decides: link, or make new ones beside them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from outbox import sqlfiles
from outbox.operator.link import natural_name
from outbox.relay import compose
from outbox.relay.compose import View
from outbox.relay.connection import Connection
from outbox.relay.store import Store
from outbox.targets.delivery import Key
from outbox.targets.held import Held
from outbox.targets.listing import Listing
from outbox.verify.store import Questions

Columns = Mapping[str, Any]
SURE = frozenset({"e-mail", "external id"})
_NAMELESS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Match:
    """Objects of the cloud and rows of ours that have the same `by`."""

    resource: str
    by: str
    held: tuple[Held, ...]
    keys: tuple[Key, ...]

    @property
    def can_link(self) -> bool:
        """Not what has another external id: it was made for something else, perhaps by another database."""
        foreign = self.by not in SURE and any(h.columns.get("external_id") for h in self.held)
        return len(self.held) == len(self.keys) == 1 and not foreign

    @property
    def is_sure(self) -> bool:
        """The relay would find the same by itself. Two rows with one e-mail: it links one and holds the other."""
        return self.by in SURE


@dataclass(frozen=True)
class Contact:
    """With one target. others: what nobody here made and no row of ours looks like."""

    target: str
    matches: tuple[Match, ...]
    others: tuple[tuple[str, Held], ...]

    @property
    def to_link(self) -> tuple[Match, ...]:
        return tuple(m for m in self.matches if m.is_sure and m.can_link)

    @property
    def open(self) -> tuple[Match, ...]:
        """What a person has to decide."""
        return tuple(m for m in self.matches if not m.is_sure)

    def linking(self, matches: Iterable[Match]) -> Contact:
        """As decided: these are linked as well, all that was open beside them is left alone."""
        chosen = list(matches)
        return replace(self, matches=tuple(m for m in self.matches if m.is_sure or m in chosen))


async def read_contact(connection: Connection, listing: Listing) -> Contact:
    """Reads the lists of users and companies. Raises CloudError where one cannot be read whole."""
    store = Store(connection, listing.name)
    await store.read_views()
    ask = Questions(connection, listing.name)
    matches: list[Match] = []
    others: list[tuple[str, Held]] = []
    for resource in ("users", "companies"):
        if resource in store.views:
            strangers = await _strangers(ask, listing, resource)
            rows = await _rows(connection, store.views[resource], listing)
            found, left = match(resource, strangers, rows)
            matches += found
            others += [(resource, h) for h in left]
    return Contact(listing.name, tuple(matches), tuple(others))


async def _strangers(ask: Questions, listing: Listing, resource: str) -> list[Held]:
    now, strangers = (await ask.read_times()).now, list[Held]()
    alone = await _left_alone(ask, resource)
    async for page in listing.pages(resource, ()):
        linked = {r.remote_id for r in await ask.known(resource, [h.remote_id for h in page], now)} if page else set()
        strangers += [h for h in page if h.remote_id not in linked | alone]
    return strangers


async def _left_alone(ask: Questions, resource: str) -> set[str]:
    """The remote ids of what a person said is none of ours."""
    values = {"target": ask.target, "resource": resource}
    rows = await ask.connection.rows(sqlfiles.read("first_contact/left_alone.sql"), values)
    return {remote_id for (remote_id,) in rows}


async def _rows(connection: Connection, view: View, listing: Listing) -> dict[Key, Columns]:
    """The rows that are linked to nothing, as the cloud would show them."""
    query = sql.SQL(sqlfiles.read("first_contact/unlinked.sql")).format(**compose.common(view, "v"))
    rows = await connection.rows(query, {})
    return {tuple(k): listing.shapes.expected(view.resource.name, tuple(k), document) for k, document in rows}


# -- which is which, pure ------------------------------------------------------------------------------------------


def match(resource: str, strangers: Sequence[Held], rows: Mapping[Key, Columns]) -> tuple[list[Match], list[Held]]:
    """(what fits together, what is left), the strongest reason first; what was matched is not matched again."""
    matches: list[Match] = []
    left, free = list(strangers), dict(rows)
    for by, name_of in _REASONS[resource]:
        names: dict[Hashable, list[Key]] = defaultdict(list)
        for key, columns in free.items():
            if (name := name_of(columns)) is not None:
                names[name].append(key)
        groups: dict[Hashable, list[Held]] = defaultdict(list)
        for held in left:
            if (name := name_of(held.columns)) in names:
                groups[name].append(held)
        matches += [Match(resource, by, tuple(held), tuple(names[name])) for name, held in groups.items()]
        taken = {h.remote_id for held in groups.values() for h in held}
        left = [h for h in left if h.remote_id not in taken]
        matched = {key for name in groups for key in names[name]}
        free = {k: c for k, c in free.items() if k not in matched}
    return matches, left


def _text(*columns: str) -> Callable[[Columns], Hashable]:
    """The columns as they are compared: without case, punctuation and spaces; None where one is blank.

    >>> _text("name")({"name": "De Molen B.V."}), _text("name")({"name": " "})
    (('demolenbv',), None)
    """

    def name_of(of: Columns) -> Hashable:
        texts = tuple(_NAMELESS.sub("", str(of.get(c) or "")).casefold() for c in columns)
        return texts if all(texts) else None

    return name_of


def _exact(column: str) -> Callable[[Columns], Hashable]:
    return lambda of: str(of.get(column) or "").strip().lower() or None


_REASONS: dict[str, tuple[tuple[str, Callable[[Columns], Hashable]], ...]] = {
    "users": (("e-mail", _exact("email")), ("name", _text("first_name", "last_name"))),
    "companies": (
        ("external id", _exact("external_id")),
        ("KVK number", _text("country_code", "kvk_number")),
        ("name", _text("name")),
    ),
}


# -- what was decided -----------------------------------------------------------------------------------------------


def meet(connection: psycopg.Connection[Any], asked: Contact, decided: Contact) -> None:
    """Write the links, and what is to be left alone, each with who decided. In the transaction of the register."""
    pairs = [m for m in decided.matches if m.can_link]
    links = [
        {
            "resource": m.resource,
            "key": m.keys[0],
            "remote_id": m.held[0].remote_id,
            "name": natural_name(m.resource, m.held[0]) or None,
            "why": f"first contact: the same {m.by}",
        }
        for m in pairs
    ]
    alone = [
        {
            "resource": m.resource,
            "key": m.keys[0] if len(m.keys) == 1 else None,
            "remote_id": h.remote_id,
            "why": f"first contact: made beside {h.remote_id} with the same {m.by}",
        }
        for m in asked.matches
        if m not in decided.matches
        for h in m.held
    ]
    if links or alone:
        values = {"target": asked.target, "links": json.dumps(links), "alone": json.dumps(alone)}
        connection.execute(sqlfiles.read("first_contact/meet.sql"), values)


def doubt_all(connection: psycopg.Connection[Any], target: str, resources: Sequence[str], key: Key) -> int:
    """--force: everything that is linked is sent or read again; answers how many objects that are."""
    values = {"target": target, "resources": list(resources), "key": list(key)}
    row = connection.execute(sqlfiles.read("first_contact/doubt.sql"), values).fetchone()
    return int(row[0]) if row else 0
