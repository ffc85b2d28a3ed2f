"""The steps of an install: each a transaction. One that needs a lock on a table tries again, and says who has it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from outbox.capture.catalogue import rows
from outbox.errors import InstallError, NotPermitted

Connection = psycopg.Connection[Any]

LOCK_TIMEOUT_MS = 500
LOCK_ATTEMPTS = 20
LOCK_PAUSE_S = 0.5
OLD_WRITERS_S = 10.0


@dataclass(frozen=True)
class Step:
    """Statements that are one transaction. table: the one whose writers it waits for, if any.

    after_writers: first wait for the transactions that may still run the capture of before.
    """

    title: str
    statements: tuple[str, ...]
    table: str | None = None
    after_writers: bool = False


def run_step(connection: Connection, step: Step) -> list[str]:
    """Answers what a person should know. Raises InstallError or NotPermitted."""
    notes = _wait_for_writers(connection) if step.after_writers else []
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            _run_once(connection, step)
            break
        except psycopg.errors.LockNotAvailable as e:
            if step.table is None or attempt == LOCK_ATTEMPTS:
                raise InstallError(*_locked(connection, step)) from e
            time.sleep(LOCK_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311
        except psycopg.errors.InsufficientPrivilege as e:
            raise NotPermitted(f"{step.title}: {e.diag.message_primary}", "install as the owner of the tables") from e
    return notes


def _run_once(connection: Connection, step: Step) -> None:
    with connection.transaction():
        if step.table:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_TIMEOUT_MS}ms",))
        for statement in step.statements:
            connection.execute(statement.encode())


def _locked(connection: Connection, step: Step) -> tuple[str, str]:
    """The sentence and the hint; who is in the way is asked now, so he may have gone meanwhile."""
    with connection.transaction():
        blockers = rows(connection, "blockers", {"table": step.table}) if step.table else []
    who = "; ".join(
        f"process {b['pid']} of {b['role']} ({b['application'] or 'no name'}, {b['state']}, in a transaction for "
        f"{b['seconds']} s): {b['query']}"
        for b in blockers
    )
    what = f"{step.title}: {step.table} stayed locked through {LOCK_ATTEMPTS} attempts"
    return f"{what}, by {who}" if who else what, "end that transaction, or install again at a quieter time"


def _wait_for_writers(connection: Connection) -> list[str]:
    """Transactions that began before the functions were replaced may have written by the old ones, and commit late.

    The recheck has to come after them. Those that only read have no transaction id and are not waited for.
    """
    until = time.monotonic() + OLD_WRITERS_S
    began = _ask(connection, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    if not _ask(connection, "SELECT EXISTS (SELECT FROM outbox.target WHERE active_since IS NOT NULL)"):
        return []
    while not _ask(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8", began):
        if time.monotonic() > until:
            return ["a transaction that began before this install is still open: `outbox register` when it has ended"]
        time.sleep(0.1)
    return []


def _ask(connection: Connection, query: LiteralString, *parameters: object) -> Any:
    """One value, in a transaction of its own."""
    with connection.transaction():
        row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
