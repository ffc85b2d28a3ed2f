"""Does what capture wrote name every key that changed? A small expansion of its own, apart from the relay's."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from outbox.pinned import PINNED
from outbox.resources import RESOURCES

Connection = psycopg.Connection[Any]
Key = tuple[str | None, ...]
Snapshot = dict[Key, tuple[str, ...]]


@dataclass(frozen=True)
class Named:
    """The keys that one message reaches: those with these values; a column that is not named may have any."""

    pattern: tuple[tuple[int, str], ...]

    def covers(self, key: Key) -> bool:
        return all(key[place] == value for place, value in self.pattern)

    def full_key(self, length: int) -> Key | None:
        """The key itself, where every column is named."""
        return tuple(v for _, v in sorted(self.pattern)) if len(self.pattern) == length else None


def pin(connection: Connection) -> None:
    for name, value in PINNED.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def read_view(connection: Connection, target: str, resource: str) -> Snapshot:
    """Every row of the view by key, as text; a key that comes twice has two rows."""
    key = [sql.SQL("v.{}::text").format(sql.Identifier(c)) for c in RESOURCES[resource].key]
    query = sql.SQL('SELECT ARRAY[{}], to_jsonb(v)::text COLLATE "C" FROM {} AS v ORDER BY 2').format(
        sql.SQL(", ").join(key), sql.Identifier(target, resource)
    )
    found: dict[Key, tuple[str, ...]] = {}
    for columns, row in connection.execute(query):
        found[tuple(columns)] = (*found.get(tuple(columns), ()), row)
    return found


def changed_keys(before: Snapshot, after: Snapshot) -> set[Key]:
    """A key with a null in it names nothing that a cloud could hold."""
    keys = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    return {k for k in keys if None not in k}


_LOOKS = re.compile(r'(?<=\d)\.0+(?!\d)| +(?="|$)')


def blurred(snapshot: Snapshot) -> Snapshot:
    """Without what two equal values may differ in: upper case, trailing zeros, padding. Rows come once."""
    found: dict[Key, set[str]] = {}
    for key, rows in snapshot.items():
        same = tuple(None if k is None else _LOOKS.sub("", k).lower() for k in key)
        found.setdefault(same, set()).update(_LOOKS.sub("", row).lower() for row in rows)
    return {key: tuple(sorted(rows)) for key, rows in found.items()}


def named_by(connection: Connection, target: str, resource: str, since: int = 0) -> list[Named]:
    """What the messages above id `since` name, their chains followed in the data as it is now."""
    found = messages(connection, target, resource)
    return [n for id_, named in found if id_ > since for n in named]


def messages(
    connection: Connection, target: str, resource: str, without: Collection[int] = ()
) -> list[tuple[int, list[Named]]]:
    """(id, what it names), the chains followed in the data as it is now."""
    columns = RESOURCES[resource].key
    query = "SELECT id, key, via FROM outbox.message WHERE target = %s AND resource = %s ORDER BY id"
    found: list[tuple[int, list[Named]]] = []
    for id_, key, via in connection.execute(query, (target, resource)).fetchall():
        if id_ in without:
            continue
        if key is not None:
            found.append((id_, [Named(tuple(enumerate(key)))]))
            continue
        known = tuple((columns.index(c), value) for c, value in via["key"].items())
        if "follow" not in via:
            found.append((id_, [Named(known)]))
            continue
        follow = sql.SQL("SELECT anchor FROM {}(%s)").format(sql.Identifier("outbox", via["follow"]))
        anchors = connection.execute(follow, (Jsonb([via["start"]]),)).fetchall()
        found.append((id_, [Named(((0, a), *known)) for (a,) in anchors]))
    return found


def uncovered(changed: set[Key], named: list[Named]) -> set[Key]:
    return {k for k in changed if not any(n.covers(k) for n in named)}


def last_message(connection: Connection) -> int:
    row = connection.execute("SELECT coalesce(max(id), 0) FROM outbox.message").fetchone()
    assert row
    return int(row[0])
