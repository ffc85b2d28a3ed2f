"""Installing: a plan is made by comparing what the views need with what is there, then shown (`render`) or done.

Everything that is done is in the plan as SQL text, in the order in which it is done, so that what --dry-run prints is
what runs. Functions are replaced, which blocks nobody; a trigger is touched only when its definition differs, one
table per transaction, since CREATE TRIGGER waits for every writer of the table.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from outbox import __version__, describe, generate, sqlfiles
from outbox.catalogue import pin_settings, read_catalogue, rows
from outbox.errors import InstallError, NotPermitted
from outbox.resources import TARGETS
from outbox.views import check_views
from outbox.wanted import Remembered, Trigger, Wanted, derive, resources_of, ring_function

Connection = psycopg.Connection[Any]

OLDEST_VERSION = 15
LOCK_TIMEOUT_MS = 500
LOCK_ATTEMPTS = 20
LOCK_PAUSE_S = 0.5


@dataclass(frozen=True)
class Step:
    """Statements that are one transaction. table: the one whose writers it waits for, if any."""

    title: str
    statements: tuple[str, ...]
    table: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be done; nothing when there are no steps. notes: what a person should know, one sentence each."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    first: bool

    def __bool__(self) -> bool:
        return bool(self.steps)


def plan(connection: Connection) -> Plan:
    """Compare and decide; changes nothing.

    Raises ViewRefused, InstallError (an old server, no desired view, an outbox newer than this program) and
    NotPermitted.
    """
    with connection.transaction():
        _check_server(connection)
        pin_settings(connection)
        done = _migrations_done(connection)
        catalogue = read_catalogue(connection)
        if not catalogue.desired():
            raise InstallError(
                f"there is no desired view: none of the schemas {', '.join(TARGETS)} has one",
                "create them, e.g. from sql/views/, then install again",
            )
        _check_rights(connection, first=not done)
        check_views(connection, catalogue)
        wanted = derive(connection, catalogue)
        return _compare(connection, wanted, done)


def _compare(connection: Connection, wanted: Wanted, done: set[int]) -> Plan:
    steps = [
        Step(f"Migration {number}: {name}", (text.strip(),))
        for number, name, text in sqlfiles.migrations()
        if number not in done
    ]
    functions = _function_statements(connection, wanted)
    if functions:
        steps.append(Step("Functions; replacing one blocks nobody", tuple(functions)))
    present = dict(_present_triggers(connection))
    steps += _trigger_steps(wanted, present)
    steps += _last_step(connection, wanted, steps, bool(done))
    return Plan(tuple(steps), tuple(describe.notes(wanted.writes)), first=not done)


# -- what is there


def _check_server(connection: Connection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise InstallError(f"the server is PostgreSQL {version}; the outbox needs {OLDEST_VERSION} or later")
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
        raise InstallError("the server is a standby, which cannot be written to", "connect to the primary")


def _check_rights(connection: Connection, *, first: bool) -> None:
    right = (
        "has_database_privilege(current_database(), 'CREATE')" if first else "has_schema_privilege('outbox', 'CREATE')"
    )
    row = connection.execute(f"SELECT {right}, current_user, current_database()").fetchone()
    if row and not row[0]:
        where = f"database {row[2]}" if first else "schema outbox"
        raise NotPermitted(f"the database role {row[1]} may not create objects in {where}", "install as its owner")


def _migrations_done(connection: Connection) -> set[int]:
    if connection.execute("SELECT to_regclass('outbox.migration')").fetchone() == (None,):
        return set()
    done = {row[0] for row in connection.execute("SELECT version FROM outbox.migration")}
    known = {number for number, _, _ in sqlfiles.migrations()}
    if done - known:
        raise InstallError(
            f"the outbox in this database has migration {max(done)}, which this program ({__version__}) does not know",
            "use the newer program",
        )
    return done


def _present_triggers(connection: Connection) -> Iterator[tuple[Trigger, str]]:
    for r in rows(connection, "installed_triggers", {}):
        type_ = r["type"] if r["plain"] else -1
        found = Trigger(r["relation"], r["table"], r["name"], r["function"], type_, r["old_rows"], r["new_rows"])
        yield found, r["enabled"]


# -- what is to be done


def _function_statements(connection: Connection, wanted: Wanted) -> list[str]:
    present = {r["name"]: r for r in rows(connection, "installed_functions", {})}
    statements = []
    for function in (ring_function(), *wanted.functions.values()):
        found = present.get(function.name)
        if found and found["body"] == function.body and found["definer"] and not found["public"]:
            continue
        statements.append(function.sql)
        statements.append(f"REVOKE EXECUTE ON FUNCTION {function.signature} FROM PUBLIC;")
    return statements


def _trigger_steps(wanted: Wanted, present: dict[Trigger, str]) -> list[Step]:
    """Missing and altered triggers are created or replaced, disabled ones enabled, and those of no use dropped."""
    statements: dict[str, list[str]] = {}
    for trigger, sql in wanted.triggers.items():
        if trigger not in present:
            statements.setdefault(trigger.table, []).append(sql)
        elif present[trigger] == "D":
            statements.setdefault(trigger.table, []).append(
                f"ALTER TABLE {trigger.table} ENABLE TRIGGER {trigger.name};"
            )
    names = {(t.relation, t.name) for t in wanted.triggers}
    for trigger in present:
        if (trigger.relation, trigger.name) not in names:
            statements.setdefault(trigger.table, []).append(f"DROP TRIGGER {trigger.name} ON {trigger.table};")
    return [Step(f"Triggers on {table}", tuple(s), table) for table, s in sorted(statements.items())]


def _last_step(connection: Connection, wanted: Wanted, steps: list[Step], installed: bool) -> list[Step]:
    """Remember what capture rests on, and recheck what may have changed unseen while it was another one.

    Last of all, so that an install that was killed before comes here again.
    """
    known = dict(connection.execute("SELECT name, hash FROM outbox.manifest WHERE kind = 'view'")) if installed else {}
    changed = [m for m in wanted.remembered if known.get(m.name) != m.hash]
    gone = sorted(set(known) - {m.name for m in wanted.remembered})
    if not (steps or changed or gone):
        return []
    statements = [_remember(m) for m in changed]
    statements += [generate.fill("forget", kind="'view'", name=generate.literal(n)) for n in gone]
    recheck = resources_of(wanted.writes) if steps else [(m.target, m.resource) for m in changed]
    if installed and recheck:
        statements.append(generate.fill("recheck", resources=generate.resource_list(recheck)))
    return [Step("What this install rests on" + ("; active targets recheck" if installed else ""), tuple(statements))]


def _remember(m: Remembered) -> str:
    return generate.fill(
        "remember",
        kind=generate.literal(m.kind),
        name=generate.literal(m.name),
        hash=generate.literal(m.hash),
        version=generate.literal(__version__),
        facts=generate.literal(json.dumps(m.facts, ensure_ascii=False)),
    )


# -- doing it


def apply(connection: Connection, plan_: Plan) -> None:
    """Do what the plan says; `connection` must not be in a transaction.

    Raises InstallError when a table stays locked, with the names of those who hold the lock: what was done stays
    done, and installing again completes it.
    """
    if not plan_:
        return
    _call(connection, "pg_advisory_lock")
    try:
        current = plan(connection)
        if current and current.steps != plan_.steps:
            raise InstallError("the database changed since the plan was made", "look at the new plan, then install")
        for step in current.steps:
            _run(connection, step)
    finally:
        _call(connection, "pg_advisory_unlock")


def _call(connection: Connection, function: LiteralString) -> None:
    """One installer at a time, in this database."""
    with connection.transaction():
        connection.execute(f"SELECT {function}(hashtext('outbox install'))")


def _run(connection: Connection, step: Step) -> None:
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            with connection.transaction():
                if step.table:
                    connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                for statement in step.statements:
                    connection.execute(statement.encode())
            return
        except psycopg.errors.LockNotAvailable as e:
            if attempt == LOCK_ATTEMPTS:
                raise InstallError(f"{step.title}: the table stayed locked", "install again later") from e
            time.sleep(LOCK_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311
        except psycopg.errors.InsufficientPrivilege as e:
            raise NotPermitted(f"{step.title}: {e.diag.message_primary}") from e


def render(plan_: Plan) -> str:
    """The plan as SQL for psql -1 -f."""
    if not plan_:
        return "-- nothing to do\n"
    parts = ["-- outbox install, to be run as one transaction: psql -1 -v ON_ERROR_STOP=1 -f this.sql"]
    parts += [f"-- Note: {note}." for note in plan_.notes]
    for step in plan_.steps:
        parts.append(f"\n\n-- {step.title}\n")
        parts.append("\n\n".join(step.statements))
    return "\n".join(parts) + "\n"


def uninstall(connection: Connection) -> None:
    """Remove triggers and functions; keep the outbox's tables."""
    with connection.transaction():
        pin_settings(connection)
        triggers = [t for t, _ in _present_triggers(connection)]
        functions = rows(connection, "installed_functions", {})
    by_table: dict[str, list[str]] = {}
    for t in triggers:
        by_table.setdefault(t.table, []).append(f"DROP TRIGGER {t.name} ON {t.table};")
    for table, statements in sorted(by_table.items()):
        _run(connection, Step(f"Triggers on {table}", tuple(statements), table))
    drops = tuple(f"DROP FUNCTION outbox.{f['name']}({f['arguments']});" for f in functions)
    _run(connection, Step("Functions", (*drops, "DELETE FROM outbox.manifest WHERE kind IN ('view', 'function');")))
