"""The steps of an install or uninstall: done, in transactions that wait for locks half a second at most, try again, and
say who is in the way; or shown. Steps without a table, one after the other, are one transaction.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import psycopg

from outbox.capture.catalogue import rows
from outbox.capture.sqltext import comment
from outbox.database import Connection, pin
from outbox.errors import InstallError, NotPermitted

LOCK_TIMEOUT_MS = 500
LOCK_ATTEMPTS = 20
LOCK_PAUSE_S = 0.5
READ_TIMEOUT_MS = 2_000
INSTALLERS_TIMEOUT_MS = 60_000
_NOT_GRANTED = "01007"  # GRANT by who may not give it away: PostgreSQL only warns


@dataclass(frozen=True)
class Step:
    """table: the source table whose writers it waits for, if any. readers: and its readers, as DROP TRIGGER does."""

    title: str
    statements: tuple[str, ...]
    table: str | None = None
    readers: bool = False


def run_steps(connection: Connection, steps: Sequence[Step]) -> None:
    """Raises InstallError or NotPermitted; the transactions before stay done."""
    for table, group in itertools.groupby(steps, key=lambda s: s.table):
        _run(connection, table, tuple(group))


def _run(connection: Connection, table: str | None, steps: tuple[Step, ...]) -> None:
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            _run_once(connection, steps)
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as e:
            if attempt == LOCK_ATTEMPTS:
                raise InstallError(*_locked(connection, table, steps)) from e
            time.sleep(LOCK_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311
        except psycopg.errors.InsufficientPrivilege as e:
            what = steps[0].title if len(steps) == 1 else "the outbox's own objects"
            raise NotPermitted(f"{what}: {e.diag.message_primary}", "install as the owner of the tables") from e


def _run_once(connection: Connection, steps: tuple[Step, ...]) -> None:
    with connection.transaction(), _warnings(connection) as warned:
        pin(connection, {"lock_timeout": f"{LOCK_TIMEOUT_MS}ms", "client_min_messages": "warning"})
        for step in steps:
            for statement in step.statements:
                connection.execute(statement.encode())
                if _NOT_GRANTED in warned:
                    raise NotPermitted(
                        f"the database role may not give a right away that the outbox needs: {statement}",
                        "let the owner of what is named there run that, then install again",
                    )


@contextmanager
def _warnings(connection: Connection) -> Iterator[list[str | None]]:
    """The SQLSTATEs of warnings as they come."""
    found: list[str | None] = []

    def note(warning: psycopg.errors.Diagnostic) -> None:
        found.append(warning.sqlstate)

    connection.add_notice_handler(note)
    try:
        yield found
    finally:
        connection.remove_notice_handler(note)


def _locked(connection: Connection, table: str | None, steps: tuple[Step, ...]) -> tuple[str, str]:
    """The sentence and the hint; who is in the way is asked now, so he may have gone meanwhile."""
    with connection.transaction():
        blockers = rows(connection, "blockers", {"table": table, "readers": any(s.readers for s in steps)})
    who = _named(blockers)
    what = f"{steps[0].title}: {table or 'the outbox'} stayed locked through {LOCK_ATTEMPTS} attempts"
    return f"{what}, by {who}" if who else what, "end that transaction, or install again at a quieter time"


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """A transaction that reads definitions of views. Raises InstallError where one stays locked, as by ALTER TABLE."""
    try:
        with connection.transaction():
            pin(connection, {"lock_timeout": f"{READ_TIMEOUT_MS}ms"})
            yield
    except psycopg.errors.LockNotAvailable as e:
        with connection.transaction():
            who = _named(rows(connection, "altering", {}))
        what = "the desired views cannot be read: a table or view stays locked"
        raise InstallError(f"{what}, by {who}" if who else what, "once more when that transaction has ended") from e


def _named(blockers: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{b['who']} of {b['role']} ({b['application'] or 'no name'}, {b['state']}, in a transaction for "
        f"{b['seconds']} s): {b['query']}"
        for b in blockers
    )


@contextmanager
def serialised(connection: Connection) -> Iterator[None]:
    """One installer at a time in this database. Raises InstallError where another one does not end."""
    try:
        with connection.transaction():
            pin(connection, {"lock_timeout": f"{INSTALLERS_TIMEOUT_MS}ms"})
            rows(connection, "lock_installers", {})
    except psycopg.errors.LockNotAvailable as e:
        raise InstallError(
            "another install or uninstall is at work in this database", "once more when it has ended"
        ) from e
    try:
        yield
    finally:
        with connection.transaction():
            rows(connection, "unlock_installers", {})


def render_steps(steps: Sequence[Step], command: str, head: Sequence[str] = (), notes: Iterable[str] = ()) -> str:
    """As SQL for psql, in one transaction: what it is, what it takes, then the steps."""
    parts = [
        f"-- What `outbox {command}` does. To run it by hand: psql -1 -v ON_ERROR_STOP=1 -f FILE",
        "-- By hand it is one transaction, which holds all its locks to the end; the program takes table by table.",
        "--",
        *(
            line
            for n, s in enumerate(steps, 1)
            for line in comment(f"{n:>3}. {s.title}{_locks(s)}", "--  ", "--       ")
        ),
    ]
    parts += [line for text in head for line in ("--", *comment(text, "-- ", ""))]
    parts += [line for note in notes for line in comment(note, "--   * ", "--     ")]
    parts.append(f"\nSET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms';\nSET LOCAL search_path = pg_catalog, pg_temp;")
    for n, step in enumerate(steps, 1):
        title = f"-- {n}. {shorten(step.title, 100, placeholder=' ...')} "
        parts += ["\n", f"{title:-<118}", "", "\n\n".join(step.statements)]
    return "\n".join(parts) + "\n"


def _locks(step: Step) -> str:
    who = "readers and writers of it wait" if step.readers else "writers of it wait"
    return f": {who} for a moment" if step.table else ""
