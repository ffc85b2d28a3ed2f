"""The rights of the roles in sql/roles.sql, where a DBA has made them: what they lack, and what they have too much.

sql/grants.sql is the whole list for schema outbox. It is read, not only run: `install` runs those of its statements
of which something is missing, `check` reports the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from outbox import sqlfiles
from outbox.capture.catalogue import Catalogue, rows
from outbox.capture.dependencies import used_columns
from outbox.capture.differences import Difference
from outbox.capture.sqltext import fill
from outbox.database import Connection

Grant = tuple[str, str, str, str, str | None]
"""role, privilege, kind (SCHEMA, FUNCTION, or "" for a table), object, column (None: all of it)"""

ROLES = ("outbox_auditor", "outbox_operator", "outbox_owner", "outbox_relay")

_STATEMENT = re.compile(
    r"^GRANT\s+(?P<privileges>.+?)\s+ON\s+(?P<kind>SCHEMA|FUNCTION|)\s*(?P<objects>[\w.,\s]+?)\s+TO\s+(?P<roles>[\w,\s]+);",
    re.MULTILINE | re.DOTALL,
)
_PRIVILEGE = re.compile(r"(?P<name>[A-Z]+)\s*(?:\((?P<columns>[^)]*)\))?")


def have_roles(connection: Connection) -> list[str]:
    """Those of the four that there are."""
    return [r["role"] for r in rows(connection, "roles", {})]


def listed() -> dict[str, frozenset[Grant]]:
    """The statements of sql/grants.sql, each with what it grants."""
    return {m[0]: frozenset(_granted_by(m)) for m in _STATEMENT.finditer(sqlfiles.read("grants.sql"))}


def _granted_by(statement: re.Match[str]) -> Iterator[Grant]:
    for privilege in _PRIVILEGE.finditer(statement["privileges"]):
        for item in _names(statement["objects"]):
            for role in _names(statement["roles"]):
                for column in _names(privilege["columns"] or "") or [""]:
                    yield role, privilege["name"], statement["kind"], item, column or None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def right_differences(connection: Connection, catalogue: Catalogue) -> Iterator[Difference]:
    """Nothing where the roles are not there, or not all of them. Takes no lock."""
    if tuple(have_roles(connection)) != ROLES:
        return
    foreign = [r["what"] for r in rows(connection, "not_owned", {})]
    if foreign or not catalogue.installed:
        what = f"{foreign[0]}{' and more' if foreign[1:] else ''}" if foreign else "schema outbox"
        yield Difference(what, "does not belong to outbox_owner", (fill("own"),))
    granted = {_grant(r) for r in rows(connection, "granted", {})}
    wanted = listed()
    for statement, grants in wanted.items():
        if missing := sorted(map(describe, grants - granted)):
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            yield Difference("the roles", f"{missing[0]} is not granted{more}", (statement,))
    allowed = frozenset[Grant]().union(*wanted.values())
    for grant in sorted(granted - allowed, key=describe):
        if grant[0] in ROLES and not grant[3].startswith("outbox.follow_"):
            yield Difference("the roles", f"{describe(grant)} is granted", (revoke(grant),), harmless=True)
    yield from _outside(connection, catalogue)


def _grant(row: dict[str, Any]) -> Grant:
    return row["role"], row["privilege"], row["kind"], row["object"], row["column"]


def _outside(connection: Connection, catalogue: Catalogue) -> Iterator[Difference]:
    tables = [r.oid for r in catalogue.relations.values() if r.kind in "rp"]
    views = catalogue.desired()
    used = {(oid, number) for v in views for oid, numbers in used_columns(catalogue, v).items() for number in numbers}
    used |= {(r.oid, c.number) for r in catalogue.relations.values() for c, _ in r.key}
    given = {"tables": tables, "views": [v.oid for v in views]}
    given |= {"used_of": [oid for oid, _ in used], "used": [number for _, number in used]}
    for row in rows(connection, "outside", given):
        evidence = f"{row['what']} is not granted to {row['role']}"
        yield Difference("the roles", evidence, (f"GRANT {row['what']} TO {row['role']};",))


def describe(grant: Grant) -> str:
    """describe(("r", "SELECT", "", "outbox.message", "document")) is "SELECT (document) ON outbox.message TO r"."""
    role, privilege, kind, item, column = grant
    return f"{privilege}{f' ({column})' if column else ''} ON {f'{kind} ' if kind else ''}{item} TO {role}"


def revoke(grant: Grant) -> str:
    return f"REVOKE {describe(grant).replace(' TO ', ' FROM ')};"
