"""A chain of equality joins from a table to the first key column of a resource."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from outbox.capture.catalogue import Column, Relation
from outbox.capture.equality import Facts, Occurrence, Of

_NAME_BYTES = 63


@dataclass(frozen=True)
class Step:
    """A table that the chain comes to; `on`: its column, the operator, a column of an earlier one (step None: of the
    start).
    """

    table: str
    schema: str
    name: str
    on: tuple[tuple[str, str, int | None, str], ...]


@dataclass(frozen=True)
class Start:
    """A column of the changed row; names and type as written in SQL."""

    name: str
    sql: str
    type: str
    collation: str | None


@dataclass(frozen=True)
class Chain:
    """`anchor`: the column of the last step's table whose values the first key column takes; `as_text`: see Column."""

    start: tuple[Start, ...]
    steps: tuple[Step, ...]
    anchor: str
    anchor_name: str
    as_text: str

    @property
    def name(self) -> str:
        """The follow function's name: what it starts from and where it leads. Long ones end in a hash."""
        words = ["follow", *(s.name for s in self.start), "to", *(s.name for s in self.steps), self.anchor_name]
        return safe_name("_".join(words), repr(self))

    @property
    def exact_name(self) -> str:
        """The same with a hash, where two chains would go by one name."""
        return safe_name(f"{self.name[:50]}", repr(self), always=True)


def safe_name(wanted: str, meant: str, *, always: bool = False, room: int = 0) -> str:
    """A name that needs no quotes and fits; what had to be changed gets a hash of what is meant. room: bytes that are
    left for what comes behind it.
    """
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in wanted.lower())
    most = _NAME_BYTES - room
    if name == wanted and len(name) <= most and not always:
        return name
    digest = hashlib.sha256(meant.encode()).hexdigest()[:8]
    return f"{name[: most - 9]}_{digest}"


def find_chain(facts: Facts, first: Occurrence, anchor: Of) -> Chain | None:
    """The shortest way from the table to one that holds the anchor's value in a column, or None."""
    others = [o for o in facts.branch.occurrences if o.place != first.place]
    paths: list[tuple[Occurrence, ...]] = [(first,)]
    reached = {first.place}
    while paths:
        found = [(path, column) for path in paths if len(path) > 1 and (column := _holding(facts, path[-1], anchor))]
        if found:
            return _chain(facts, *found[0])
        longer = []
        for path in paths:
            for o in others:
                if o.place not in reached and _tell_apart(facts, o, _joins(facts, path[-1:], o)):
                    reached.add(o.place)
                    longer.append((*path, o))
        paths = longer
    return None


def _holding(facts: Facts, occurrence: Occurrence, term: Of) -> Column | None:
    """A column of the table that has the term's value in the term's text form."""
    return next((c for c in occurrence.table.columns if facts.text.same(Of(occurrence.place, c.name), term)), None)


def _joins(facts: Facts, before: tuple[Occurrence, ...], occurrence: Occurrence) -> list[tuple[Column, int, Column]]:
    """The equalities between a table and those before it: its column, which one of them, that one's column."""
    found = []
    for column in occurrence.table.columns:
        term = Of(occurrence.place, column.name)
        equal = [
            (i, c)
            for i, o in enumerate(before)
            for c in o.table.columns
            if (i or _can_start(c)) and facts.native.same(Of(o.place, c.name), term) and facts.never_null(term)
        ]
        if equal:
            found.append((column, *equal[0]))
    return found


def _tell_apart(facts: Facts, occurrence: Occurrence, joins: list[tuple[Column, int, Column]]) -> bool:
    """Is one of them more than two columns with the same constant? Such a step comes to every row that has it."""
    narrowed = [facts.values(Of(occurrence.place, column.name)) for column, _, _ in joins]
    return any(values is None or len(values) > 1 for values in narrowed)


def _can_start(column: Column) -> bool:
    """Does a message bring its value back? A text in JSON becomes a string where jsonb is wanted, and money is read by
    the lc_monetary of another session.
    """
    return not column.virtual and column.base not in ("jsonb", "money")


def _chain(facts: Facts, path: tuple[Occurrence, ...], anchor: Column) -> Chain:
    start: dict[str, Start] = {}
    steps = []
    for i, occurrence in enumerate(path[1:], start=1):
        on = []
        for column, at, other in _joins(facts, path[:i], occurrence):
            if at == 0:
                start[other.name] = Start(other.name, other.sql, other.declared, other.collation)
            on.append((column.sql, column.type.equals, at - 1 if at else None, other.sql))
        table: Relation = occurrence.table
        steps.append(Step(table.sql, table.schema, table.name, tuple(on)))
    return Chain(tuple(start[k] for k in sorted(start)), tuple(steps), anchor.sql, anchor.name, anchor.as_text)
