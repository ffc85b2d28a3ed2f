"""What should be installed: the functions and triggers that follow from the desired views, and what to remember."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from outbox import pinned, sqlfiles
from outbox.capture.catalogue import Catalogue, Connection, Member, Relation
from outbox.capture.chains import Chain, safe_name
from outbox.capture.dependencies import definitions, used_columns
from outbox.capture.generate import (
    SqlFunction,
    capture_function,
    capture_name,
    follow_function,
    triggers,
)
from outbox.capture.present import FIRES, InstalledFunction, Present, Trigger
from outbox.capture.views import functions_of
from outbox.capture.writes import Write, derive_writes

_FOLLOW_HEADER = """\
-- From values of a changed row along the joins of the views to values of a first key column, in the data of now.
-- Run by the relay after the change is committed: what a trigger looked up itself, two concurrent transactions would
-- each miss in the other. Derived from the desired views by install."""

_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}

ViewName = tuple[str, str]
"""target, resource"""


def view_name(dotted: str) -> ViewName:
    """view_name("visma_net.users") is ("visma_net", "users")."""
    target, _, resource = dotted.partition(".")
    return target, resource


@dataclass(frozen=True)
class Remembered:
    """A row of outbox.manifest: something install made or relies on, so that check can tell what changed."""

    kind: str
    name: str
    facts: dict[str, Any]

    @property
    def hash(self) -> str:
        """Without the texts: to read them takes locks, so they are not there when one only looks."""
        return digest(json.dumps({k: v for k, v in self.facts.items() if k != "texts"}, sort_keys=True))

    @property
    def lasting(self) -> dict[str, Any]:
        return lasting(self.facts)


@dataclass(frozen=True)
class Wanted:
    """triggers: each with its statement. writes: what was derived, by view. names: of the function of each table."""

    functions: dict[str, SqlFunction]
    triggers: dict[Trigger, str]
    writes: tuple[Write, ...]
    remembered: tuple[Remembered, ...]
    names: dict[int, str]

    def written_by(self, function: str) -> frozenset[ViewName]:
        """What a capture function writes about."""
        return frozenset((w.target, w.resource) for w in self.writes if self.names[w.table.oid] == function)

    def files(self) -> dict[str, str]:
        """The same as files to read: one for each source table, and one for what leads along chains."""
        follow = [f.sql for f in self.functions.values() if f.name.startswith("follow_")]
        found = {"follow": "\n\n".join([_FOLLOW_HEADER, *follow])}
        for table in _tables(self.writes):
            function = self.functions[self.names[table.oid]]
            its_triggers = [sql for t, sql in self.triggers.items() if t.function == function.name]
            found[table.name] = "\n\n".join([f"{function.header}\n{function.sql}", *its_triggers])
        return {name: f"{text}\n" for name, text in found.items()}


def lasting(facts: dict[str, Any]) -> dict[str, Any]:
    """What of a view's facts a dump and restore, or another version of the server, leaves as it is."""
    tables = {
        name: {**table, "columns": sorted(rest for _, *rest in table["columns"])}
        for name, table in facts.get("tables", {}).items()
    }
    return {**{k: v for k, v in facts.items() if k not in ("trees", "oids", "expressions", "home")}, "tables": tables}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def derive(connection: Connection, catalogue: Catalogue) -> Wanted:
    """Wants a catalogue with definitions, views that were checked, and the transaction that it was read in."""
    by_view = {view.dotted: derive_writes(catalogue, view) for view in catalogue.desired()}
    writes = tuple(w for found in by_view.values() for w in found)
    chains = _chain_names(writes)
    functions = [follow_function(name, chain) for chain, name in chains.items()]
    wanted_triggers: dict[Trigger, str] = {}
    tables = _tables(writes)
    names = _function_names(tables)
    claims = Counter(m.oid for table in tables for m in catalogue.family[table.oid])
    for table in tables:
        name = names[table.oid]
        parted = any(m.kind == "p" for m in catalogue.family[table.oid])
        functions.append(capture_function(name, [w for w in writes if w.table is table], chains, parted=parted))
        for member in catalogue.family[table.oid]:
            wanted_triggers |= _triggers(member, table, name, alone=claims[member.oid] == 1)
    remembered = [
        Remembered("program", "outbox", {"digest": program_digest()}),
        *rests_on(connection, catalogue),
        *(Remembered("capture", view, _captured(found, names)) for view, found in by_view.items()),
        *map(remembered_function, functions),
        *map(remembered_trigger, wanted_triggers),
    ]
    return Wanted({f.name: f for f in functions}, wanted_triggers, writes, tuple(remembered), names)


@cache
def program_digest() -> str:
    """Of all that turns views into SQL: another program may derive other triggers from the same views."""
    modules = [*sorted(Path(__file__).parent.glob("*.py")), Path(pinned.__file__)]
    templates = sorted(sqlfiles.path("capture").glob("*.sql"))
    return digest("".join(f.read_text(encoding="utf-8") for f in [*modules, *templates]))


def remembered_function(f: SqlFunction | InstalledFunction) -> Remembered:
    return Remembered("function", f.name, {"body": digest(f.body), "settings": sorted(f.settings)})


def remembered_trigger(t: Trigger) -> Remembered:
    return Remembered("trigger", f"{t.table} {t.name}", {"function": t.function, "type": t.type})


def is_as_installed(connection: Connection, catalogue: Catalogue, present: Present) -> bool:
    """Is everything as the last install left it, seen from outside? Then nothing has to be derived again."""
    found = [
        Remembered("program", "outbox", {"digest": program_digest()}),
        *rests_on(connection, catalogue),
        *(
            remembered_function(f)
            for f in present.functions.values()
            if is_whole(f) and ("function", f.name) in present.manifest
        ),
        *(remembered_trigger(t) for t, enabled in present.triggers.items() if enabled in FIRES),
    ]
    known = {key: hash_ for key, (hash_, _) in present.manifest.items() if key[0] not in ("capture", "recheck")}
    sure = present.remembered("capture").keys() == present.remembered("view").keys()
    return sure and known == {(m.kind, m.name): m.hash for m in found}


def is_whole(function: InstalledFunction) -> bool:
    """With the rights that install gave it."""
    return function.definer and not function.public


def rests_on(connection: Connection, catalogue: Catalogue) -> list[Remembered]:
    """What the capture of each view rests on: definitions, functions, tables, columns by number, name and type.

    Read without any lock on the tables.
    """
    return [Remembered("view", view.dotted, _facts(connection, catalogue, view)) for view in catalogue.desired()]


def _function_names(tables: list[Relation]) -> dict[int, str]:
    """capture_<schema>_<table>, with a hash where two tables would have the same (a_b.c and a.b_c)."""
    names = {t.oid: capture_name(t) for t in tables}
    count = Counter(names.values())
    return {
        t.oid: names[t.oid] if count[names[t.oid]] == 1 else safe_name(names[t.oid], t.sql, always=True) for t in tables
    }


def _chain_names(writes: Iterable[Write]) -> dict[Chain, str]:
    chains = dict.fromkeys(w.wording.chain for w in writes if w.wording.chain)
    count = Counter(c.name for c in chains)
    return {c: c.name if count[c.name] == 1 else c.exact_name for c in chains}


def _tables(writes: Iterable[Write]) -> list[Relation]:
    return sorted({w.table.oid: w.table for w in writes}.values(), key=lambda t: (t.schema, t.name))


def _triggers(member: Member, table: Relation, function: str, *, alone: bool) -> dict[Trigger, str]:
    """On the table itself, or on one below or above it. alone: no other source table needs triggers there."""
    own = alone or member.oid == table.oid
    prefix = "outbox" if own else safe_name(f"outbox_{table.schema}_{table.name}", table.sql, room=len("_truncate"))
    return {
        Trigger(member.oid, member.sql, t.name, function, _EVENTS[t.event], t.old_rows, t.new_rows): t.sql
        for t in triggers(member, prefix, function)
    }


def _captured(of_view: list[Write], names: dict[int, str]) -> dict[str, Any]:
    """By table the function that writes about the view, and a digest of what it writes."""
    found: dict[str, Any] = {}
    for w in of_view:
        entry = {"function": names[w.table.oid], "wordings": []}
        wording = digest(repr((w.wording, [c.name for c in w.watched])))
        found.setdefault(w.table.dotted, entry)["wordings"].append(wording)
    for entry in found.values():
        entry["wordings"].sort()
    return found


def _facts(connection: Connection, catalogue: Catalogue, view: Relation) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    types: dict[str, str] = {}
    expressions: dict[str, str] = {}
    for oid, numbers in used_columns(catalogue, view).items():
        table = catalogue.relations[oid]
        columns = [c for c in table.columns if c.number in numbers]
        members = catalogue.family.get(oid, ())  # of what install refuses there is none
        unseen = {m.dotted: m.unseen for m in members if m.unseen}
        types |= {c.declared: c.parts for c in columns if c.parts}
        expressions |= {f"{c.name} of {table.dotted}": c.expression for c in columns if c.expression}
        tables[table.dotted] = {
            "columns": [[c.number, c.name, c.declared, c.not_null] for c in columns],
            "key": [c.name for c, _ in table.key],
            "members": sorted(m.dotted for m in members),
            **({"unseen": unseen} if unseen else {}),
        }
    below = definitions(catalogue, view)
    return {
        "home": catalogue.home,
        "trees": {d.dotted: digest(d.tree) for d in below},
        # One that was dropped and made again, as ALTER COLUMN ... TYPE ... USING wants it: any value may be another.
        "oids": {d.dotted: d.oid for d in below},
        **({"texts": {d.dotted: digest(d.definition) for d in below}} if view.definition else {}),
        "columns": [[c.name, c.declared] for c in view.columns],
        "functions": {f.sql: f.hash for d in below for f in functions_of(connection, catalogue, d) if not f.built_in},
        "types": types,
        "expressions": expressions,
        "tables": tables,
    }
