"""One SELECT while it is read: the names it can see, and what is known to be equal in it so far."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Type
from outbox.capture.equality import Among, Branch, Edge, Occurrence, Of, Region, Term
from outbox.capture.terms import Value

MOST_BRANCHES = 300


class NotUnderstood(Exception):
    """Valid SQL that is not analysed; the message says what it is. The view is then captured by rule 3."""


@dataclass(frozen=True)
class Output:
    """A column of a query. carried: the value is that of the very rows that changed, not one picked among others.

    exact: shown as it is stored; else one of several equal values may stand for all (GROUP BY, UNION).
    why: what it comes from, where it has no value or is not carried; to be read after its name.
    """

    name: str
    value: Value | None
    carried: bool = True
    exact: bool = True
    why: str = ""

    @property
    def type(self) -> Type | None:
        return self.value.compared_as if self.value else None


@dataclass(frozen=True)
class Part:
    """One branch of a query, with its columns."""

    branch: Branch
    outputs: tuple[Output, ...]


Source = dict[str, Value | None]
"""The columns under an alias, in order; None: not understood."""


@dataclass
class Level:
    """`choices`: per subquery the branches that it may contribute. `full`: see full_join."""

    outer: Level | None = None
    queries: dict[str, tuple[exp.CTE, Level]] = field(default_factory=dict)
    sources: dict[str, Source | None] = field(default_factory=dict)  # None: columns not known
    merged: Source = field(default_factory=dict)
    full: dict[frozenset[Term], Value] = field(default_factory=dict)
    branch: Branch = field(default_factory=Branch)
    choices: list[list[Branch]] = field(default_factory=list)

    # -- what is found out

    def place(self, number: int, region: Region, table: Occurrence | None = None) -> None:
        """A table or subquery stands here."""
        found = Branch(places={number: region}, occurrences=(table,) if table else ())
        self.branch = self.branch.joined(found)

    def add_edges(self, *edges: Edge) -> None:
        self.branch = self.branch.joined(Branch(edges=edges))

    def add_among(self, term: Term, values: tuple[str, ...], region: Region) -> None:
        if isinstance(term, Of):
            self.branch = self.branch.joined(Branch(among=(Among(term, values, region),)))

    def equal(self, left: Value | None, right: Value | None, needs: frozenset[Region]) -> None:
        """A condition left = right."""
        if left and right:
            self.add_edges(equality(left, right, needs))
        elif (known := left or right) and len(needs) == 1:
            self.add_among(known.term, (), next(iter(needs)))

    def full_join(self, number: int, left: Value, right: Value, regions: tuple[Region, Region]) -> Value:
        """coalesce(left, right) of a FULL JOIN on left = right: each of them, wherever its side holds a row."""
        of = Of(number, "either")
        value = Value(of, left.type if left.type == right.type else None, left.cast and right.cast)
        self.add_edges(
            replace(equality(left, value, frozenset({regions[0]})), strict=False),
            replace(equality(right, value, frozenset({regions[1]})), strict=False),
        )
        self.full[frozenset({left.term, right.term})] = value
        return value

    def parts(self, outputs: tuple[Output, ...]) -> list[Part]:
        """Every combination of the choices; halves of two different EXCEPTs explain nothing together."""
        if math.prod(len(c) for c in self.choices) > MOST_BRANCHES:
            raise NotUnderstood(f"it combines more than {MOST_BRANCHES} branches of UNIONs")
        found = []
        for combination in itertools.product(*self.choices):
            branch = self.branch
            for b in combination:
                branch = branch.joined(b)
            if branch.speaks_for is None or branch.speaks_for:
                found.append(Part(branch, outputs))
        return found

    # -- what names mean

    def query(self, name: str) -> tuple[exp.CTE, Level] | None:
        """A WITH query and the level that it was defined at."""
        return self.queries.get(name) or (self.outer.query(name) if self.outer else None)

    def column(self, column: exp.Column) -> Value | None:
        """A column that this level or one around it can see; None: not understood."""
        level: Level | None = self
        while level:
            # Bare names occur where there is one table only, and for what FULL JOIN ... USING merged.
            mine = [level.sources[column.table]] if column.table in level.sources else []
            for source in mine if column.table else [level.merged, *level.sources.values()]:
                if source is None:
                    return None
                if column.name in source:
                    return source[column.name]
            if mine:
                return None
            level = level.outer
        return None

    def value(self, node: exp.Expr) -> Value | None:
        """What an expression comes down to: a column, perhaps cast in a way that keeps its text, or a constant."""
        node = terms.bare(node)
        if found := terms.constant(node):
            return Value(found, Type(found.family, True))
        if isinstance(node, exp.Column):
            return self.column(node)
        if isinstance(node, exp.Cast):
            return terms.cast(node, self.value(node.this))
        if isinstance(node, exp.Coalesce) and len(node.expressions) == 1:
            both = [self.value(node.this), self.value(node.expressions[0])]
            return self.full.get(frozenset(v.term for v in both if v))
        return None


def equality(left: Value, right: Value, needs: frozenset[Region]) -> Edge:
    """The edge of a condition left = right."""
    one, other = left.compared_as, right.compared_as
    known = one is not None and other is not None and one.family == other.family
    return Edge(
        left.term,
        right.term,
        needs,
        strict=True,
        text=known and one is not None and one.one_text,
        native=known and left.stored_alike and right.stored_alike,
    )


def naming(output: Output, term: Of, type_: Type | None, region: Region, inside: frozenset[int]) -> Edge | None:
    """The edge between a subquery's column and what it is made of; inside: the tables in the subquery."""
    value = output.value
    if value is None:
        return None
    one_text = value.compared_as is not None and value.compared_as.one_text
    return Edge(
        value.term,
        term,
        frozenset({region}),
        strict=False,
        text=output.exact or one_text,
        native=value.stored_alike and (type_ is None or value.compared_as == type_),
        hidden_from=frozenset() if output.carried else inside,
    )


# -- the columns under an alias


def distinct(names: list[str]) -> list[str]:
    """Of columns with one name nothing can mean the later ones; they get numbers."""
    return [name if name not in names[:i] else f"{name} {i}" for i, name in enumerate(names)]


def side_by_side(left: Source, right: Source) -> Source:
    """All columns of both, in order, since an alias may name them anew by their places."""
    names = distinct([*left, *right])
    return dict(zip(names, [*left.values(), *right.values()], strict=True))


def renamed(source: Source, names: list[str]) -> Source:
    """By the column list of an alias, as far as it goes."""
    columns = list(source)
    return dict(zip(names + columns[len(names) :], source.values(), strict=True)) if names else source
