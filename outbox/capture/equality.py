"""What is equal to what in one branch of a view, seen from one of its tables.

A branch is a bag of terms (columns of the tables, columns of the subqueries, constants) and of edges between them.
An edge does not hold everywhere: a condition in an outer join's ON only where the join found a partner, a condition
in NOT EXISTS only for the tables inside it. So every table, subquery and edge has a place, a *region*: the query
itself is region (), the nullable side of an outer join or a subquery that need not yield a row is a region inside it.

`Facts` answers for one table: given a row of it that changes what the view yields, which regions certainly hold rows,
and so which terms are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from outbox.capture.catalogue import Relation

Region = tuple[int, ...]


class Of(NamedTuple):
    """A column of a table (an Occurrence) or of a subquery; `place` is its number."""

    place: int
    column: str


class Constant(NamedTuple):
    """`family` is that of its type, see catalogue.Type; '05' and 5 are not the same."""

    text: str
    family: str


Term = Of | Constant


class Occurrence(NamedTuple):
    """One mention of a source table: each alias of a self-join is one of its own."""

    place: int
    table: Relation


@dataclass(frozen=True)
class Edge:
    """Two terms with the same value.

    needs: the regions that must hold a row for it to be true.
    strict: by a condition `=`, so neither is null; else by naming (a subquery's column and what it is made from).
    text: also the text forms are the same.
    native: both are of one family, so `=` may be used between them.
    hidden_from: for changes of these tables it says nothing (a column that LIMIT or max() chose).
    """

    left: Term
    right: Term
    needs: frozenset[Region]
    strict: bool
    text: bool
    native: bool
    hidden_from: frozenset[int] = frozenset()


class Among(NamedTuple):
    """A condition `term = ANY (values)`; with no values one that only shows that the term is not null."""

    term: Of
    values: tuple[str, ...]
    region: Region


class Unsaid(NamedTuple):
    """why, to be read after the column's name. places: of the tables for which it is so; None: for all."""

    term: Of
    why: str
    places: frozenset[int] | None


@dataclass(frozen=True)
class Branch:
    """One way in which the query makes rows; a UNION has several. `places`: where each table and subquery stands.

    speaks_for: the tables whose changes this branch explains; those of the second half of an EXCEPT are explained by
    a branch of their own. None: all. unsaid: of which columns it is not known what they are made of.
    """

    occurrences: tuple[Occurrence, ...] = ()
    edges: tuple[Edge, ...] = ()
    among: tuple[Among, ...] = ()
    places: dict[int, Region] = field(default_factory=dict)
    speaks_for: frozenset[int] | None = None
    unsaid: tuple[Unsaid, ...] = ()

    def joined(self, other: Branch) -> Branch:
        """Both at once."""
        limits = [b.speaks_for for b in (self, other) if b.speaks_for is not None]
        return Branch(
            self.occurrences + other.occurrences,
            self.edges + other.edges,
            self.among + other.among,
            self.places | other.places,
            frozenset.intersection(*limits) if limits else None,
            self.unsaid + other.unsaid,
        )


class Classes:
    """The terms that are equal when all the pairs are."""

    def __init__(self, pairs: Iterable[tuple[Term, Term]]) -> None:
        self._class: dict[Term, list[Term]] = {}
        for left, right in pairs:
            one, other = self.members(left), self.members(right)
            if one is not other:
                one.extend(other)
                self._class.update(dict.fromkeys(one, one))

    def members(self, term: Term) -> list[Term]:
        """All that equals the term, itself included."""
        return self._class.get(term) or [term]

    def root(self, term: Term) -> Term:
        """The one that stands for the class."""
        return self.members(term)[0]

    def same(self, left: Term, right: Term) -> bool:
        return self.root(left) == self.root(right)


class Facts:
    """What is equal for a row of table `place` of the branch that matters to the view, old or new."""

    def __init__(self, branch: Branch, place: int) -> None:
        self.branch = branch
        self.place = place
        self._present = set(_around(branch.places[place]))
        while self._spread():
            pass
        edges = self._holding()
        self.text = Classes((e.left, e.right) for e in edges if e.text)
        self.native = Classes((e.left, e.right) for e in edges if e.native)

    def made_of(self, term: Term) -> set[Term]:
        """The term, and what it is made of: the columns below it by naming, whoever chose their rows."""
        found = [term]
        for t in found:
            below = [e.left for e in self.branch.edges if not e.strict and e.right == t]
            found += [b for b in below if b not in found]
        return set(found)

    def never_null(self, term: Term) -> bool:
        """Does a condition see to it?"""
        return self._classes.root(term) in self._never_null

    def values(self, column: Of) -> tuple[str, ...] | None:
        """The constants to which conditions narrow the column; None: they do not."""
        lists = [{m.text} for m in self.native.members(column) if isinstance(m, Constant)]
        for a in self.branch.among:
            if a.values and a.region in self._present and self.native.same(a.term, column):
                lists.append(set(a.values))
        return tuple(sorted(set.intersection(*lists))) if lists else None

    def _spread(self) -> bool:
        """A term that cannot be null shows that its region holds a row; then that region's conditions hold too."""
        edges = self._holding()
        sure: list[Term] = [e.left for e in edges if e.strict]
        sure += [a.term for a in self.branch.among if a.region in self._present]
        self._classes = Classes((e.left, e.right) for e in edges)
        self._never_null = {self._classes.root(t) for t in sure}
        terms = {m for t in sure for m in self._classes.members(t)}
        found = {r for t in terms if isinstance(t, Of) for r in _around(self.branch.places[t.place])}
        news = found - self._present
        self._present |= news
        return bool(news)

    def _holding(self) -> list[Edge]:
        return [e for e in self.branch.edges if e.needs <= self._present and self.place not in e.hidden_from]


def _around(region: Region) -> Iterator[Region]:
    """The region and those that it is in."""
    return (region[:n] for n in range(len(region) + 1))
