"""What each source table must write when a row of it changes, derived from the branches of the desired views.

A trigger records values of the changed row itself, old and new, and nothing that it would have to look up: two
concurrent transactions would each miss the other's row. What lies behind the values is found after commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from outbox.capture.branches import read_branches
from outbox.capture.catalogue import Catalogue, Column, Relation
from outbox.capture.chains import Chain, find_chain
from outbox.capture.dependencies import used_columns
from outbox.capture.equality import Constant, Facts, Occurrence, Of
from outbox.capture.levels import NotUnderstood
from outbox.capture.reasons import why_unnamed
from outbox.resources import RESOURCES


@dataclass(frozen=True)
class Cell:
    """A value that a message takes from the changed row (a column), or that the view fixes (a text)."""

    column: str | None
    text: str | None = None


@dataclass(frozen=True)
class Wording:
    """How a message names the keys that a changed row can reach.

    prefix: the first key columns, `()` with neither chain nor known is every row. chain: leads to the first key
    column; known: later key columns, by name. only: the row counts only while its column has one of the values.
    """

    prefix: tuple[Cell, ...] = ()
    chain: Chain | None = None
    known: tuple[tuple[str, Cell], ...] = ()
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def coarse(self) -> bool:
        return not (self.prefix or self.chain or self.known)

    @property
    def named(self) -> tuple[str, ...]:
        """The columns of the changed row that the message is made of."""
        found = [c.column for c in (*self.prefix, *(cell for _, cell in self.known)) if c.column]
        return tuple(dict.fromkeys(found + [s.name for s in self.chain.start] if self.chain else found))

    def names(self, resource: str) -> set[str]:
        """Of the resource's key columns those that the message, or the chain from it, names."""
        key = RESOURCES[resource].key
        return {*key[: len(self.prefix)], *(key[:1] if self.chain else ()), *(name for name, _ in self.known)}

    @property
    def columns(self) -> tuple[str, ...]:
        """The same with those that decide whether there is a message at all."""
        return tuple(dict.fromkeys((*self.named, *(name for name, _ in self.only))))

    def covers(self, other: Wording) -> bool:
        """Does it reach every row that the other reaches?"""
        if not set(self.only) <= set(other.only):
            return False
        if self.coarse:
            return True
        if self.prefix:
            return self.prefix == other.prefix[: len(self.prefix)]
        return self.chain in (None, other.chain) and set(self.known) <= set(other.known)


@dataclass(frozen=True)
class Write:
    """One message to write: about which resource, when which columns changed, naming which keys.

    why: where it does not name the full key, the reason in words, to be read after "because".
    """

    table: Relation
    target: str
    resource: str
    watched: tuple[Column, ...]
    wording: Wording
    why: str = ""


def derive_writes(catalogue: Catalogue, view: Relation) -> list[Write]:
    """What the tables behind one desired view write about it; each table is named at least once."""
    used = used_columns(catalogue, view)
    try:
        branches = read_branches(catalogue, view)
        reason = "it stands where the analysis of the view does not look"
    except NotUnderstood as e:
        branches, reason = [], str(e)
    wordings: dict[int, dict[Wording, str]] = {oid: {} for oid in used}
    for branch in branches:
        for occurrence in branch.occurrences:
            if branch.speaks_for is None or occurrence.place in branch.speaks_for:
                facts = Facts(branch, occurrence.place)
                wording = _word(facts, occurrence, view)
                if any(not values for _, values in wording.only):
                    continue  # its conditions contradict each other: no row of it ever counts here
                wordings[occurrence.table.oid].setdefault(wording, _reason(facts, occurrence, view, wording))
    return [
        Write(table, view.schema, view.name, _watched(table, used[oid]), wording, why)
        for oid, found in wordings.items()
        for table in [catalogue.relations[oid]]
        for wording, why in _needed(found or {Wording(): reason})
    ]


def _word(facts: Facts, occurrence: Occurrence, view: Relation) -> Wording:
    """The most exact way to name the keys, by the rules of capture: prefix, chain, known later columns, all."""
    key = RESOURCES[view.name].key
    only = tuple(_narrowed(facts, occurrence))
    cells = [_cell(facts, occurrence, Of(0, column)) for column in key]
    known = [c if c and _fixed(facts, occurrence, c) else None for c in cells[1:]]
    prefix = (*takewhile(bool, known),)
    if cells[0]:
        return Wording((cells[0], *(c for c in prefix if c)), only=only)
    chain = find_chain(facts, occurrence, Of(0, key[0]))
    later = tuple((name, c) for name, c in zip(key[1:], known, strict=True) if c)
    return Wording((), chain, later, only)


def _reason(facts: Facts, occurrence: Occurrence, view: Relation, wording: Wording) -> str:
    for place, column in enumerate(RESOURCES[view.name].key):
        if column not in wording.names(view.name):
            return why_unnamed(facts, occurrence, column, first=place == 0)
    return ""


def _cell(facts: Facts, occurrence: Occurrence, term: Of) -> Cell | None:
    """What has the term's value: a constant, or a column of the changed row (a virtual one is null in triggers)."""
    equal = facts.text.members(term)
    for constant in equal:
        if isinstance(constant, Constant):
            return Cell(None, constant.text)
    columns = [c for c in occurrence.table.columns if Of(occurrence.place, c.name) in equal and not c.virtual]
    return Cell(columns[0].name) if columns else None


def _fixed(facts: Facts, occurrence: Occurrence, cell: Cell) -> bool:
    """Is it sure not to be null wherever the view has a row? A null would name no key."""
    if cell.column is None:
        return True
    column = occurrence.table.column(cell.column)
    return bool(column and column.not_null) or facts.never_null(Of(occurrence.place, cell.column))


def _narrowed(facts: Facts, occurrence: Occurrence) -> Iterator[tuple[str, tuple[str, ...]]]:
    for column in occurrence.table.columns:
        values = facts.values(Of(occurrence.place, column.name))
        if values is not None and not column.virtual:
            yield column.name, values


def _watched(table: Relation, numbers: set[int]) -> tuple[Column, ...]:
    """The columns to compare: a virtual generated one is null in triggers, so those that it is made of. Any may move a
    row to another partition, or here from one.
    """
    wanted = {c.number for c in table.columns} if table.partition else set(numbers)
    for column in table.columns:
        if column.virtual and column.number in wanted:
            wanted |= set(column.made_of)
    return tuple(c for c in table.columns if c.number in wanted and not c.virtual)


def _needed(found: dict[Wording, str]) -> list[tuple[Wording, str]]:
    """Without those that another one covers."""
    merged = _merged(found)
    return [(w, why) for w, why in merged.items() if not any(o != w and o.covers(w) for o in merged)]


def _merged(found: dict[Wording, str]) -> dict[Wording, str]:
    """Wordings that differ only in the value that one column must have become one with both values."""
    merged: dict[Wording, str] = {}
    for wording, why in found.items():
        twin = next((w for w in merged if _differ_in_value(w, wording)), None)
        if twin:
            (column, values), (_, more) = twin.only[0], wording.only[0]
            del merged[twin]
            wording = replace(wording, only=((column, tuple(sorted({*values, *more}))),))
        merged[wording] = why
    return merged


def _differ_in_value(one: Wording, other: Wording) -> bool:
    return (
        replace(one, only=()) == replace(other, only=())
        and [c for c, _ in one.only] == [c for c, _ in other.only]
        and len(one.only) == 1
    )
