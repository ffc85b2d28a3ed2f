"""Registreren: recheck a whole target, a resource or one key. Preview it, confirm it, follow it to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from outbox import sqlfiles
from outbox.database import Connection
from outbox.register.preview import Preview
from outbox.targets.delivery import Key

FASTEST_LOOK_S = 0.1


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

    def results(self, unchanged: Sequence[Row] = ()) -> list[Row]:
        """How each key ended: a child that was not ready may have been sent when its parent had come; and of one that
        was looked at again, what was done before counts. unchanged: see read_unchanged.
        """
        found: dict[tuple[str, str, tuple[str, ...]], Row] = {}
        for row in (*self.rows, *unchanged):
            name = (row.target, row.resource, tuple(row.key or ()))
            if not (row.outcome == "unchanged" and name in found):
                found[name] = row
        return list(found.values())


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
    call = sqlfiles.read("register/register.sql")
    counts = {p.resource: {"create": p.creates, "remove": p.removals} for p in shown if p.target == target}
    given = {"target": target, "key": list(key), "shown": json.dumps(counts)}
    everything: list[str | None] = [None]
    with connection.transaction():
        connection.execute(sqlfiles.read("register/activate_target.sql"), {"target": target})
        return [
            id_
            for resource in resources or everything
            for (id_,) in connection.execute(call, {**given, "resource": resource}).fetchall()
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
        cursor.execute(sqlfiles.read("register/follow_register.sql"), {"ids": list(ids), "first": min(ids, default=0)})
        return Progress(tuple(cursor.fetchall()))


def find_relay(connection: Connection, target: str) -> str | None:
    """Who holds the lease of the target; None: no relay is alive."""
    row = connection.execute(sqlfiles.read("register/find_relay.sql"), {"target": target}).fetchone()
    return row[0] if row else None


def read_unchanged(connection: Connection, ids: Sequence[int]) -> list[Row]:
    """The rows that these registers found equal; most have no message of their own."""
    with connection.cursor(row_factory=class_row(Row)) as cursor:
        cursor.execute(sqlfiles.read("register/read_unchanged.sql"), {"ids": list(ids)})
        return cursor.fetchall()
