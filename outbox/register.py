"""Registreren: recheck a whole target, a resource or one key. Preview it, confirm it, follow it to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from outbox import sqlfiles
from outbox.relay import compose
from outbox.relay.compose import View
from outbox.resources import RESOURCES, TARGETS
from outbox.targets.delivery import Key

Connection = psycopg.Connection[Any]
FASTEST_LOOK_S = 0.1


@dataclass(frozen=True)
class Preview:
    """What a register of one resource would do now, in rows."""

    target: str
    resource: str
    creates: int
    updates: int
    removals: int
    not_ready: int
    unchanged: int

    @property
    def invitations(self) -> int:
        """Each new user gets a mail."""
        return self.creates if self.resource == "users" else 0


@dataclass(frozen=True)
class Row:
    """One key of a register, and how far it is."""

    id: int
    target: str
    resource: str
    key: list[str] | None
    status: str
    outcome: str | None
    error: str | None

    @property
    def became(self) -> str:
        return self.outcome or self.status


@dataclass(frozen=True)
class Progress:
    """rows: all keys known so far; coarse messages among them stand for keys that are not known yet."""

    rows: tuple[Row, ...]

    @property
    def pending(self) -> int:
        return sum(r.status == "pending" for r in self.rows)

    def results(self) -> list[Row]:
        """How each key ended: a child that was not ready may have been sent when its parent had come."""
        return list({(r.target, r.resource, tuple(r.key or ())): r for r in self.rows}.values())


def read_views(connection: Connection, target: str) -> dict[str, View]:
    """The desired views that a target has, parents before children."""
    types: dict[str, dict[str, str]] = {}
    for resource, column, type_ in connection.execute(sqlfiles.read("relay/read_views.sql"), {"target": target}):
        types.setdefault(resource, {})[column] = type_
    return {name: View(target, resource, types[name]) for name, resource in RESOURCES.items() if name in types}


def served_targets(connection: Connection) -> list[str]:
    """The targets for which there is a desired view."""
    return [target for target in TARGETS if read_views(connection, target)]


def preview(connection: Connection, target: str, resources: Sequence[str] = (), key: Key = ()) -> list[Preview]:
    """Counts for each resource that has a view (no resources: all of them). Writes nothing, calls nothing.

    key: a key or the beginning of one; () is every row.
    """
    views = read_views(connection, target)
    return [
        _preview(connection, views, view, key) for name, view in views.items() if name in resources or not resources
    ]


def _preview(connection: Connection, views: dict[str, View], view: View, key: Key) -> Preview:
    columns = view.resource.key[: len(key)]
    query = sql.SQL(sqlfiles.read("relay/preview.sql")).format(
        **compose.common(view, "d"),
        missing=compose.optional(view, "missing"),
        withdrawn=compose.optional(view, "withdrawn"),
        has_parents=compose.has_parents(view, views),
        view_match=compose.match_view(view, columns, exactly=False),
        key_match=sql.SQL("m.key[:{}] = %(key)s").format(len(key)) if key else sql.SQL("true"),
    )
    parameters = {"key": list(key), **{f"p{i}": [value] for i, value in enumerate(key)}}
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return Preview(view.target, view.resource.name, *row)


def confirm(
    connection: Connection,
    target: str,
    resources: Sequence[str] = (),
    key: Key = (),
    *,
    shown: Sequence[Preview] = (),
) -> list[int]:
    """Make the target active, if it is not yet, and enqueue: one transaction. Answers the ids of the messages.

    shown: what a person saw and agreed to; so many creates and removals may pass the brakes.
    """
    call = "SELECT outbox.register(%s, %s, %s, %s)"
    counts = {p.resource: {"create": p.creates, "remove": p.removals} for p in shown if p.target == target}
    everything: list[str | None] = [None]
    with connection.transaction():
        connection.execute(sqlfiles.read("relay/activate_target.sql"), {"target": target})
        return [
            id_
            for resource in resources or everything
            for (id_,) in connection.execute(call, [target, resource, list(key), json.dumps(counts)]).fetchall()
        ]


def follow(connection: Connection, ids: Sequence[int]) -> Iterator[Progress]:
    """What has become of the messages and of all that came from them, until nothing is pending.

    Needs a connection in autocommit, and a relay that is at work.
    """
    while True:
        started = time.monotonic()
        progress = _look(connection, ids)
        yield progress
        if not progress.pending:
            return
        time.sleep(max(FASTEST_LOOK_S, 2 * (time.monotonic() - started)))


def _look(connection: Connection, ids: Sequence[int]) -> Progress:
    with connection.cursor(row_factory=class_row(Row)) as cursor:
        cursor.execute(sqlfiles.read("relay/follow_register.sql"), {"ids": list(ids), "first": min(ids, default=0)})
        return Progress(tuple(cursor.fetchall()))


def find_relay(connection: Connection, target: str) -> str | None:
    """Who holds the lease of the target; None: no relay is alive."""
    row = connection.execute(sqlfiles.read("relay/find_relay.sql"), {"target": target}).fetchone()
    return row[0] if row else None
