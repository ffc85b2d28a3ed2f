"""Is capture as it should be? Compares the catalogue, the manifest and the views; changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from outbox import sqlfiles
from outbox.capture.catalogue import Catalogue, Relation, pin_settings, read_catalogue, rows, with_definitions
from outbox.capture.differences import function_differences, trigger_differences
from outbox.capture.present import Present, missing_migrations, read_present
from outbox.capture.views import check_view
from outbox.capture.wanted import Wanted, derive, rests_on
from outbox.database import Connection, is_standby
from outbox.errors import OutboxError
from outbox.install.drift import differences_of
from outbox.install.roles import right_differences
from outbox.install.steps import reading
from outbox.resources import RESOURCES

Level = Literal["warning", "broken", "unknown"]


@dataclass(frozen=True)
class Finding:
    """broken: changes are or will be missed, or nothing can be sent. mend: the command or statement."""

    level: Level
    what: str
    evidence: str
    mend: str


def check(connection: Connection) -> list[Finding]:
    """The worst first; none: all is as it should be. Raises InstallError where a table is being altered."""
    with reading(connection):
        pin_settings(connection)
        present = read_present(connection)
        if not present.installed:
            return [Finding("broken", "the outbox", "is not installed in this database", "outbox install")]
        if present.remembered("off"):
            return [Finding("broken", "capture", "is switched off: nothing is captured", "SELECT outbox.capture_on()")]
        found = [*_surroundings(connection), *_capture(connection, present), *_grants(connection, present)]
    return sorted(found, key=lambda f: f.level)


def _surroundings(connection: Connection) -> Iterator[Finding]:
    for row in rows(connection, "replicas", {}):
        yield Finding(
            "warning",
            "session_replication_role",
            f"is replica for {row['who']}, which then fires no triggers: what it writes is not captured",
            "set it to origin, then `outbox register`",
        )
    if is_standby(connection):
        yield Finding("broken", "the server", "is a standby, which cannot be written to", "connect to the primary")


def _capture(connection: Connection, present: Present) -> Iterator[Finding]:
    for number, name, _ in missing_migrations(present):
        yield Finding("broken", f"migration {number}, {name}", "was not run yet", "outbox install")
    catalogue = with_definitions(connection, read_catalogue(connection))
    if not catalogue.desired():
        yield Finding(
            "warning", "desired views", "there is none, so nothing is captured", "create them, outbox install"
        )
    refused = [f for view in catalogue.desired() for f in _refused(connection, catalogue, view)]
    yield from refused
    yield from _changed(connection, catalogue, present)
    if not refused:
        wanted = derive(connection, catalogue)
        for d in (*function_differences(wanted, present), *trigger_differences(wanted, present)):
            yield Finding("warning" if d.harmless else "broken", d.what, d.evidence, "outbox install")
        yield from _own_functions(connection, wanted, present)
        yield from _broken_chains(connection, wanted, present)
    for d in right_differences(connection, catalogue):
        yield Finding("warning" if d.harmless else "broken", d.what, d.evidence, "outbox install")
    for view in catalogue.desired():
        yield from _bad_rows(connection, view)


def _own_functions(connection: Connection, wanted: Wanted, present: Present) -> Iterator[Finding]:
    """Those that no install derives are as their migration made them; others do not belong here. A follow function may
    be left from an earlier view: messages can still name it.
    """
    texts = "\n".join(text for _, _, text in sqlfiles.migrations())
    made = set(re.findall(r"^CREATE .*FUNCTION (outbox\.\w+)", texts, re.MULTILINE))
    there = rows(connection, "own_functions", {})
    for name in sorted(made - {f["sql"] for f in there}):
        yield Finding("broken", f"function {name}", "is missing", "psql: CREATE FUNCTION as in migrations/")
    for f in there:
        if f["name"] in wanted.functions or f["name"].startswith("follow_"):
            continue
        if f["name"] in present.remembered("function"):
            yield Finding("warning", f"function {f['sql']}", "is not needed any more", "outbox install")
        elif f["sql"] not in made:
            mend = f"DROP FUNCTION {f['sql']}, when you know whose it is"
            yield Finding("warning", f"function {f['sql']}", "is none of the outbox's", mend)
        elif f["body"] not in texts or (f["definer"] and not f["pinned"]):
            evidence = "was altered since the install" if f["body"] not in texts else "has no search_path of its own"
            mend = f"psql: CREATE OR REPLACE FUNCTION {f['sql']} as in migrations/"
            yield Finding("broken", f"function {f['sql']}", evidence, mend)


def _broken_chains(connection: Connection, wanted: Wanted, present: Present) -> Iterator[Finding]:
    """Those that fail, as where row security would hide rows from its owner."""
    query = sql.SQL(sqlfiles.read("catalogue/try_chain.sql"))
    for name in sorted(present.functions.keys() & {n for n in wanted.functions if n.startswith("follow_")}):
        try:
            with connection.transaction():
                connection.execute(query.format(function=sql.Identifier(name)))
        except psycopg.ProgrammingError as e:
            if e.diag.context:
                evidence = f"cannot be followed, so that every row is rechecked: {e.diag.message_primary}"
                yield Finding("warning", f"function outbox.{name}", evidence, "mend it; it has the rights of its owner")


def _refused(connection: Connection, catalogue: Catalogue, view: Relation) -> Iterator[Finding]:
    try:
        check_view(connection, catalogue, view)
    except OutboxError as e:
        yield Finding("broken", f"view {view.dotted}", e.why, e.hint)


def _changed(connection: Connection, catalogue: Catalogue, present: Present) -> Iterator[Finding]:
    """Views and what they rest on, against the manifest."""
    current = {m.name: m.facts for m in rests_on(connection, catalogue)}
    known = {name: facts for (kind, name), (_, facts) in present.manifest.items() if kind == "view"}
    for name in current.keys() - known.keys():
        yield Finding("broken", f"view {name}", "is new since the install", "outbox install")
    for name in known.keys() - current.keys():
        yield Finding("warning", f"view {name}", "is gone since the install", "outbox install")
    for name in sorted(known.keys() & current.keys()):
        for reason in differences_of(known[name], current[name]):
            own = reason.removeprefix(f"the view {name} ")
            evidence = own if own != reason else f"reads what has changed: {reason}"
            yield Finding("broken", f"view {name}", evidence, "outbox install")


def _grants(connection: Connection, present: Present) -> Iterator[Finding]:
    for row in rows(connection, "grants", {}):
        mend = f"REVOKE {row['rights']} ON {row['what']} FROM {row['who']}"
        level: Level = "broken" if row["who"] == "PUBLIC" else "warning"
        yield Finding(level, row["what"], f"gives {row['who']} {row['rights']}", mend)
    for f in present.functions.values():
        if not f.owned:
            evidence = "does not belong to the owner of schema outbox, whose rights it should have"
            yield Finding("warning", f"function outbox.{f.name}", evidence, "ALTER FUNCTION ... OWNER TO that role")


def _bad_rows(connection: Connection, view: Relation) -> Iterator[Finding]:
    """What its rows show; or why it has none to show, unless it is this role that may not see them."""
    try:
        with connection.transaction():
            yield from _bad_keys(connection, view)
    except (psycopg.ProgrammingError, psycopg.DataError) as e:
        if not view.may_select:
            raise
        evidence = f"cannot be read: {e.diag.message_primary}"
        yield Finding("broken", f"view {view.dotted}", evidence, "mend it; it has the rights of its owner")


def _bad_keys(connection: Connection, view: Relation) -> Iterator[Finding]:
    if view.kind != "v" or any(view.column(c) is None for c in RESOURCES[view.name].key):
        return
    columns = sql.SQL(", ").join(sql.SQL("v.{}::text").format(sql.Identifier(c)) for c in RESOURCES[view.name].key)
    query = sql.SQL(sqlfiles.read("catalogue/bad_key.sql")).format(
        key=columns, view=sql.Identifier(view.schema, view.name)
    )
    for key, times, bytes_ in connection.execute(query):
        what = f"view {view.dotted}"
        named = " ".join(str(value) for value in key)
        if times > 1:
            evidence = f"has {times} rows for the key {named}; such a key is held"
            yield Finding("warning", what, evidence, "make the rows of the view differ in their key")
        else:
            evidence = f"has a key of {bytes_} bytes, too long for the outbox: {named[:60]}...; such a row is left out"
            yield Finding("warning", what, evidence, "2,600 bytes are the most")
