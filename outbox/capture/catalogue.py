"""What the database's own catalogue says about the desired views and the tables behind them. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from outbox import sqlfiles
from outbox.capture.sqltext import on_one_line
from outbox.pinned import PINNED
from outbox.resources import RESOURCES, TARGETS

Connection = psycopg.Connection[Any]

# Which of PINNED the text form of a base type hangs on; of a type that is not here, all of them.
_SHAPED_BY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ["text", "varchar", "bpchar", "name", "int2", "int4", "int8", "numeric", "uuid", "bool", "time"], ()
    ),
    **dict.fromkeys(("date", "timestamp"), ("DateStyle",)),
    "timestamptz": ("DateStyle", "TimeZone"),
    "interval": ("IntervalStyle",),
    **dict.fromkeys(("float4", "float8"), ("extra_float_digits",)),
    "bytea": ("bytea_output",),
}


def pinned_for(columns: Iterable[Column]) -> dict[str, str]:
    """The settings to pin where these columns become text: not all, since each costs every captured statement."""
    needed = {"search_path"}
    for c in columns:
        needed.update(() if c.category == "e" else _SHAPED_BY.get(c.base, tuple(PINNED)))
    return {name: value for name, value in PINNED.items() if name in needed}


# Base types of which two values that are equal always look the same. char(n), numeric, float and timestamps are not
# among them (padding, 1.0 and 1.00, -0, time zones).
_ONE_TEXT = {
    "text": "text",
    "varchar": "text",
    "int2": "int",
    "int4": "int",
    "int8": "int",
    "uuid": "uuid",
    "bool": "bool",
    "date": "date",
}


# Columns of sql/catalogue/*.sql that hold names or types as they are written in SQL.
_AS_IN_SQL = frozenset({"sql", "type", "collation", "equals", "operator", "table"})


@dataclass(frozen=True)
class Type:
    """A column's type as far as equality goes. Values of one family can be compared by the operator `equals`.

    blind: of a collation under which texts that differ may be equal; it stays with the value through casts.
    """

    family: str
    one_text: bool
    equals: str = "="
    blind: bool = False

    @staticmethod
    def of(
        base: str,
        category: str = "b",
        deterministic: bool = True,
        collation: str | None = None,
        equals: str = "=",
    ) -> Type:
        """base: name of the base type; category: pg_type.typtype; equals: as in SQL."""
        family = _ONE_TEXT.get(base, base)
        if not deterministic:
            return Type(f"{family} {collation}", False, equals, blind=True)
        return Type(family, base in _ONE_TEXT or category == "e", equals)


TEXT = Type("text", True)


@dataclass(frozen=True)
class Column:
    """`sql` is the name as it is written in SQL, `declared` the type as in CREATE TABLE. parts, expression: digests of
    what an enum or composite type is made of, and of what generates the column.
    """

    number: int
    name: str
    sql: str
    declared: str
    base: str
    category: str
    type: Type
    collation: str | None
    not_null: bool
    virtual: bool
    made_of: tuple[int, ...]
    parts: str | None
    expression: str | None

    @property
    def as_text(self) -> str:
        """What makes a text of it in SQL. Under the collation of its own DISTINCT would lose one of 'a' and 'A'."""
        return '::text COLLATE "C"' if self.type.blind else "::text"


@dataclass(frozen=True)
class Relation:
    """A table or view. `key` is the primary key: columns, each with the operator that makes it unique."""

    oid: int
    schema: str
    name: str
    sql: str
    kind: str
    desired: bool
    system: bool
    may_select: bool
    partition: bool
    invoker: bool
    tree: str
    definition: str = ""
    columns: tuple[Column, ...] = ()
    key: tuple[tuple[Column, str], ...] = ()

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    @property
    def dotted(self) -> str:
        """The name for people, without quotes."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Member:
    """A table on which triggers stand: a source table itself, or one below or above it. unseen: why not all is seen."""

    oid: int
    dotted: str
    sql: str
    kind: str
    unseen: str | None
    may_trigger: bool


@dataclass(frozen=True)
class Function:
    """within: the view does not call it, only another function does. equals: by an operator =, not the own one."""

    oid: int
    schema: str
    name: str
    sql: str
    built_in: bool
    within: bool
    volatility: str
    language: str
    equals: bool
    body: str
    hash: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Dependencies:
    """What one definition mentions: relation -> column numbers, and functions."""

    columns: dict[int, set[int]] = field(default_factory=dict)
    functions: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Catalogue:
    """home: names this database and its version; in another one oids, column numbers and trees are others too."""

    relations: dict[int, Relation]
    dependencies: dict[int, Dependencies]
    family: dict[int, tuple[Member, ...]]
    aggregates: frozenset[str]
    home: str
    installed: bool

    def named(self, schema: str, name: str) -> Relation | None:
        return next((r for r in self.relations.values() if (r.schema, r.name) == (schema, name)), None)

    def desired(self) -> list[Relation]:
        """The desired views, targets and resources in the order of the contract."""
        wanted = [r for r in self.relations.values() if r.desired]
        resources = list(RESOURCES)
        return sorted(wanted, key=lambda r: (TARGETS.index(r.schema), resources.index(r.name)))


def read_catalogue(connection: Connection) -> Catalogue:
    """All but the text of the views. Wants an open transaction with the pinned settings."""
    relations = _relations(connection)
    oids = list(relations)
    return Catalogue(
        relations=relations,
        dependencies=_dependencies(connection, oids),
        family=_family(connection, [r.oid for r in relations.values() if r.kind in "rp"]),
        aggregates=frozenset(r["proname"].lower() for r in rows(connection, "aggregates", {})),
        **rows(connection, "home", {})[0],
    )


def with_definitions(connection: Connection, catalogue: Catalogue) -> Catalogue:
    """The same with the text of the views; this takes an ACCESS SHARE lock on their tables."""
    views = [r.oid for r in catalogue.relations.values() if r.kind == "v"]
    found = {r["oid"]: r["definition"] for r in rows(connection, "definitions", {"views": views})}
    relations = {oid: replace(r, definition=found.get(oid, "")) for oid, r in catalogue.relations.items()}
    return replace(catalogue, relations=relations)


def pin_settings(connection: Connection) -> None:
    """Until the end of the transaction: names come out qualified and quoted where they must be, values in one form."""
    settings = PINNED | {"quote_all_identifiers": "off"}
    connection.execute(sqlfiles.read("session/pin.sql"), {"settings": json.dumps(settings), "local": True})


def rows(connection: Connection, file: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of sql/catalogue/<file>.sql; what is written as in SQL has no line breaks."""
    query = sqlfiles.read(f"catalogue/{file}.sql").encode()
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, parameters or None).fetchall()
    return [
        {k: on_one_line(v) if k in _AS_IN_SQL and isinstance(v, str) else v for k, v in row.items()} for row in found
    ]


def read_functions(
    connection: Connection, functions: Iterable[int], operators: Iterable[int], types: Iterable[int]
) -> list[Function]:
    """The functions themselves, those behind the operators and aggregates, and the input functions of the types."""
    found = rows(
        connection,
        "functions",
        {"functions": sorted(functions), "operators": sorted(operators), "types": sorted(types)},
    )
    return [Function(**{**r, "tables": tuple(r["tables"])}) for r in found]


def _relations(connection: Connection) -> dict[int, Relation]:
    found = rows(connection, "relations", {"targets": list(TARGETS), "resources": list(RESOURCES)})
    oids = [r["oid"] for r in found]
    columns: dict[int, list[Column]] = {oid: [] for oid in oids}
    for c in rows(connection, "columns", {"relations": oids}):
        columns[c["relation"]].append(_column(c))
    keys: dict[int, list[tuple[Column, str]]] = {oid: [] for oid in oids}
    for k in rows(connection, "keys", {"relations": oids}):
        column = next(c for c in columns[k["relation"]] if c.name == k["column"])
        keys[k["relation"]].append((column, k["operator"]))
    return {
        r["oid"]: Relation(
            **{**r, "tree": r["tree"] or ""},
            columns=tuple(columns[r["oid"]]),
            key=tuple(keys[r["oid"]]),
        )
        for r in found
    }


def _column(row: dict[str, Any]) -> Column:
    type_ = Type.of(row["base"], row["category"], row["deterministic"], row["collation"], row["equals"])
    same = ("number", "name", "sql", "base", "category", "collation", "not_null", "virtual", "parts", "expression")
    return Column(**{k: row[k] for k in same}, declared=row["type"], type=type_, made_of=tuple(row["made_of"]))


def _dependencies(connection: Connection, oids: list[int]) -> dict[int, Dependencies]:
    found: dict[int, Dependencies] = {}
    for r in rows(connection, "dependencies", {"relations": oids}):
        view = found.setdefault(r["view"], Dependencies())
        if r["class"] == "pg_class":
            view.columns.setdefault(r["object"], set()).update({r["number"]} - {0})
        else:
            view.functions.add(r["object"])
    return found


def _family(connection: Connection, tables: list[int]) -> dict[int, tuple[Member, ...]]:
    found: dict[int, list[Member]] = {}
    for r in rows(connection, "family", {"relations": tables}):
        found.setdefault(r.pop("source"), []).append(Member(**r))
    return {source: tuple(members) for source, members in found.items()}
