"""Tables, a view and statements in a test: is everything named that changes?"""

from __future__ import annotations

import psycopg

from outbox import install
from outbox.capture.statements import MANY
from tests.capture import covering
from tests.capture.covering import Connection

STYLES = "SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = 0"
"""Of an application that writes dates in its own way."""


def define(connection: Connection, tables: str, views: str) -> None:
    """Tables in schema src, and the views; then install."""
    connection.execute(f"SET search_path = src; {tables}; {views}".encode())
    install.apply(connection, install.plan(connection))
    connection.execute(STYLES)


def check(connection: Connection, *statements: str, drift: int | None = 0) -> int:
    """Each is one transaction of an application whose settings are its own; answers how many keys changed.

    drift: how often a capture function may have failed; None: as often as it likes.
    """
    with psycopg.connect(connection.info.dsn, autocommit=True) as watcher:
        covering.pin(watcher)
        count = sum(check_one(connection, watcher, s) for s in statements)
        failed = watcher.execute("SELECT count(*) FROM outbox.message WHERE operation = 'DRIFT'").fetchone()
        assert drift is None or failed == (drift,)
    return count


def check_one(connection: Connection, watcher: Connection, statement: str) -> int:
    here = [(target, resource) for target, _, resource in (v.partition(".") for v in manifest(watcher))]
    since = covering.last_message(watcher)
    before = [covering.read_view(watcher, *view) for view in here]
    connection.execute(statement.encode())
    count = 0
    for old, view in zip(before, here, strict=True):
        changed = covering.changed_keys(old, covering.read_view(watcher, *view))
        named = covering.named_by(watcher, *view, since)
        assert not covering.uncovered(changed, named), f"{statement}: {changed}, named {named}"
        count += len(changed)
    return count


def lower_limit(connection: Connection, many: int) -> None:
    """The capture functions as installed, but naming at most so many keys a statement."""
    mine = "pronamespace = 'outbox'::regnamespace AND proname ~ '^capture_.*_'"
    functions = connection.execute(f"SELECT pg_get_functiondef(oid) FROM pg_proc WHERE {mine}".encode())
    lowered = [f.replace(f" {MANY};", f" {many};").replace(f" {MANY} THEN", f" {many} THEN") for (f,) in functions]
    assert not [text for text in lowered if f"LIMIT {many};" not in text or f"written = {many} " not in text]
    for text in lowered:
        connection.execute(text.encode())


def manifest(connection: Connection) -> list[str]:
    """The views that are captured."""
    return [row[0] for row in connection.execute("SELECT name FROM outbox.manifest WHERE kind = 'view'")]
