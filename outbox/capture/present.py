"""What is installed now, as the catalogue and the manifest have it. Takes no lock on a source table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outbox import sqlfiles
from outbox.capture.catalogue import Connection, rows

FIRES = frozenset({"O", "A"})
"""tgenabled of a trigger that sees what applications write. D: disabled; R: sees only what a replication applies."""


@dataclass(frozen=True)
class Trigger:
    """As pg_trigger shows it. type: the bits of tgtype, for ours that of the event alone."""

    relation: int
    table: str
    name: str
    function: str
    type: int
    old_rows: str | None
    new_rows: str | None


@dataclass(frozen=True)
class InstalledFunction:
    """owned: it belongs to the owner of schema outbox."""

    name: str
    arguments: str
    body: str
    definer: bool
    settings: tuple[str, ...]
    public: bool
    owned: bool


@dataclass(frozen=True)
class Present:
    """triggers: each with tgenabled. manifest: (kind, name) -> (hash, facts).

    owner: of schema outbox, where that is not the installing role; relay: the role that may follow chains, if any.
    """

    migrations: frozenset[int]
    functions: dict[str, InstalledFunction]
    triggers: dict[Trigger, str]
    manifest: dict[tuple[str, str], tuple[str, dict[str, Any]]]
    owner: str | None
    relay: str | None

    @property
    def installed(self) -> bool:
        return bool(self.migrations)

    def remembered(self, kind: str) -> dict[str, str]:
        """name -> hash"""
        return {name: hash_ for (k, name), (hash_, _) in self.manifest.items() if k == kind}


def read_present(connection: Connection) -> Present:
    """Wants an open transaction with the pinned settings."""
    migrations = _migrations(connection)
    manifest = rows(connection, "manifest", {}) if migrations else []
    return Present(
        migrations,
        {
            r["name"]: InstalledFunction(**{**r, "settings": tuple(r["settings"])})
            for r in rows(connection, "installed_functions", {})
        },
        {_trigger(r): r["enabled"] for r in rows(connection, "installed_triggers", {})},
        {(m["kind"], m["name"]): (m["hash"], m["facts"] or {}) for m in manifest},
        **rows(connection, "owner", {})[0],
    )


def missing_migrations(present: Present) -> list[tuple[int, str, str]]:
    """(version, name, text) of those that were not run yet."""
    return [m for m in sqlfiles.migrations() if m[0] not in present.migrations]


def _migrations(connection: Connection) -> frozenset[int]:
    if not rows(connection, "has_migrations", {})[0]["has_migrations"]:
        return frozenset()
    return frozenset(row["version"] for row in rows(connection, "migrations", {}))


def _trigger(row: dict[str, Any]) -> Trigger:
    """One with a WHEN, a column list or arguments is none of ours, whatever its name."""
    type_ = row["type"] if row["plain"] else -1
    return Trigger(row["relation"], row["table"], row["name"], row["function"], type_, row["old_rows"], row["new_rows"])
