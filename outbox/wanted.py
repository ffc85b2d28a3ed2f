"""What should be installed: the functions and triggers that follow from the desired views, and what to remember."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox import generate, sqlfiles
from outbox.capture import Write, derive_writes
from outbox.catalogue import Catalogue, Member, Relation
from outbox.chains import Chain, safe_name
from outbox.dependencies import definitions, used_columns
from outbox.generate import SqlFunction
from outbox.resources import RESOURCES
from outbox.views import functions_of

_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


@dataclass(frozen=True)
class Trigger:
    """As the catalogue shows it. type: bits of pg_trigger.tgtype, here the event alone."""

    relation: int
    table: str
    name: str
    function: str
    type: int
    old_rows: str | None
    new_rows: str | None


@dataclass(frozen=True)
class Remembered:
    """A row of outbox.manifest: something install made or relies on, so that check can tell what changed."""

    kind: str
    name: str
    facts: dict[str, Any]

    @property
    def target(self) -> str:
        return self.name.partition(".")[0]

    @property
    def resource(self) -> str:
        return self.name.partition(".")[2]

    @property
    def hash(self) -> str:
        return digest(json.dumps(self.facts, sort_keys=True))


@dataclass(frozen=True)
class Wanted:
    """triggers: each with its statement. writes: what was derived, in the order of the views."""

    functions: dict[str, SqlFunction]
    triggers: dict[Trigger, str]
    writes: tuple[Write, ...]
    remembered: tuple[Remembered, ...]

    def touched(self, functions: Iterable[str]) -> set[tuple[str, str]]:
        """Target and resource of all that these capture functions write about."""
        names = set(functions)
        return {(w.target, w.resource) for w in self.writes if function_name(w.table, self.writes) in names}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def derive(connection: psycopg.Connection[Any], catalogue: Catalogue) -> Wanted:
    """Wants views that were checked, and the transaction that the catalogue was read in."""
    writes = tuple(w for view in catalogue.desired() for w in derive_writes(catalogue, view))
    chains = _chain_names(writes)
    functions = [generate.follow_function(name, chain) for chain, name in chains.items()]
    triggers: dict[Trigger, str] = {}
    for table in _tables(writes):
        name = function_name(table, writes)
        functions.append(generate.capture_function(name, [w for w in writes if w.table is table], chains))
        for member in catalogue.family[table.oid]:
            triggers |= _triggers(member, table, name, {w.table.oid for w in writes})
    return Wanted(
        functions={f.name: f for f in functions},
        triggers=triggers,
        writes=writes,
        remembered=tuple(_remembered(connection, catalogue, view) for view in catalogue.desired()),
    )


def function_name(table: Relation, writes: Iterable[Write]) -> str:
    """capture_<schema>_<table>, with a hash where another table would have the same (a_b.c and a.b_c)."""
    name = generate.capture_name(table)
    same = {w.table.oid for w in writes if generate.capture_name(w.table) == name}
    return name if len(same) == 1 else safe_name(name, table.sql, always=True)


def _chain_names(writes: Iterable[Write]) -> dict[Chain, str]:
    chains = dict.fromkeys(w.wording.chain for w in writes if w.wording.chain)
    count = Counter(c.name for c in chains)
    return {c: c.name if count[c.name] == 1 else c.exact_name for c in chains}


def _tables(writes: Iterable[Write]) -> list[Relation]:
    return sorted({w.table.oid: w.table for w in writes}.values(), key=lambda t: (t.schema, t.name))


def _triggers(member: Member, table: Relation, function: str, sources: set[int]) -> dict[Trigger, str]:
    """On the table itself, or on one below or above it, which may be a source too and then has a set of its own."""
    own = member.oid == table.oid or member.oid not in sources
    prefix = "outbox" if own else safe_name(f"outbox_{table.name}", table.sql)[:50]
    return {
        Trigger(member.oid, member.sql, t.name, function, _EVENTS[t.event], t.old_rows, t.new_rows): t.sql
        for t in generate.triggers(member, prefix, function)
    }


def _remembered(connection: psycopg.Connection[Any], catalogue: Catalogue, view: Relation) -> Remembered:
    """What the capture of a view rests on: definitions, functions, tables, columns by number, name and type."""
    tables = {}
    for oid, numbers in used_columns(catalogue, view).items():
        table = catalogue.relations[oid]
        tables[table.dotted] = {
            "columns": [[c.number, c.name, c.declared, c.not_null] for c in table.columns if c.number in numbers],
            "key": [c.name for c, _ in table.key],
            "members": sorted(m.dotted for m in catalogue.family[oid]),
        }
    below = definitions(catalogue, view)
    functions = {f.sql: f.hash for d in below for f in functions_of(connection, catalogue, d) if not f.built_in}
    return Remembered(
        "view",
        view.dotted,
        {
            "definitions": {d.dotted: digest(d.definition) for d in below},
            "columns": [[c.name, c.declared] for c in view.columns],
            "functions": functions,
            "tables": tables,
        },
    )


def ring_function() -> SqlFunction:
    """The doorbell: a file of its own, nothing in it is generated."""
    sql = sqlfiles.read("capture/ring.sql")
    return SqlFunction("ring", "", sql.split("$outbox$")[1], sql.strip())


def resources_of(writes: Iterable[Write]) -> list[tuple[str, str]]:
    return sorted({(w.target, w.resource) for w in writes}, key=lambda r: (r[0], list(RESOURCES).index(r[1])))
