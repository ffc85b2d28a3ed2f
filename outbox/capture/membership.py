"""Of which conditions a row of a desired view is made: for each branch its tables, what joins and filters them, and
what its key columns are. For a key that is not in the view, each can then be asked of the database, see
outbox/explain/absence.py.

Reads the text of pg_get_viewdef, as branches.py does, for another purpose: not which rows a change can reach, but why
one row is not there. So it gives up sooner (NotUnderstood), and nothing depends on it but a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Catalogue, Relation
from outbox.capture.levels import NotUnderstood
from outbox.capture.parsed import parse


@dataclass(frozen=True)
class Source:
    """One item of FROM. relation: None for a subquery. outer: the condition of a LEFT JOIN that brings it in, so that
    it cannot take a row away; leans_on: the aliases that it mentions.
    """

    alias: str
    item: exp.Expr
    relation: Relation | None
    outer: exp.Expr | None = None
    leans_on: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.relation.dotted if self.relation else self.alias


@dataclass(frozen=True)
class Condition:
    """needs: aliases of the tables that it is about. ties: it says which row of a table is meant. column: of the table
    whose value is a value of the key; key: which.
    """

    node: exp.Expr
    needs: frozenset[str]
    ties: bool = False
    column: str | None = None
    key: int | None = None


@dataclass(frozen=True)
class Part:
    """One branch. queries: its WITH queries; unexamined: what may take rows away and is not among the conditions."""

    sources: tuple[Source, ...]
    conditions: tuple[Condition, ...]
    queries: exp.Expr | None = None
    unexamined: tuple[str, ...] = ()

    def source(self, alias: str) -> Source:
        return next(s for s in self.sources if s.alias == alias)


def read_parts(catalogue: Catalogue, view: Relation, key: Sequence[str]) -> list[Part]:
    """The branches of a view, with its key columns named `key`. Raises NotUnderstood."""
    tree = parse(view)
    names = [c.name for c in view.columns]
    return list(_Reader(catalogue).query(tree, [names.index(k) for k in key], None))


class _Reader:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def query(self, node: exp.Expr, places: list[int], queries: exp.Expr | None) -> Iterator[Part]:
        """places: which columns of the query are the key."""
        while isinstance(node, exp.Subquery):
            node = node.this
        queries = node.args.get("with_") or queries
        for clause in ("limit", "offset", "fetch"):
            if node.args.get(clause):
                raise NotUnderstood(f"it has {clause.upper()}, which looks at all rows together")
        if isinstance(node, exp.Union):
            yield from self.query(node.left, places, queries)
            yield from self.query(node.right, places, queries)
        elif isinstance(node, exp.Select):
            yield from self._select(node, places, queries)
        else:
            raise NotUnderstood(f"it has {type(node).__name__.upper()}, which looks at all rows together")

    def _select(self, select: exp.Select, places: list[int], queries: exp.Expr | None) -> Iterator[Part]:
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            raise NotUnderstood("it has DISTINCT ON, which picks one row of several")
        grouped = bool(select.args.get("group"))
        telling = [select.expressions[place] for place in places] if grouped else select.expressions
        if any(terms.aggregates(e, self._catalogue.aggregates) for e in telling):
            raise NotUnderstood("it computes from many rows together")
        first = select.args.get("from_")
        if first is None:
            raise NotUnderstood("it has a branch without a table")
        joins = select.args.get("joins") or []
        outputs = [terms.bare(select.expressions[place]) for place in places]
        inner = self._passed_through(select, first.this, joins, outputs)
        if inner is not None:
            yield from self.query(first.this, inner, queries)
            return
        from_list = _From(self._catalogue)
        from_list.add_all(first.this, joins)
        where = select.args.get("where")
        nodes = [*from_list.conditions, *(terms.together(where.this) if where else [])]
        conditions = [*_keys(outputs, from_list), *(_condition(n, from_list) for n in nodes)]
        yield Part(tuple(from_list.sources), tuple(conditions), queries, tuple(_unexamined(select)))

    def _passed_through(
        self, select: exp.Select, item: exp.Expr, joins: list[exp.Join], outputs: list[exp.Expr]
    ) -> list[int] | None:
        """The places of the key in a subquery that all of FROM is, where nothing else takes rows away."""
        if joins or select.args.get("where") or select.args.get("having") or not isinstance(item, exp.Subquery):
            return None
        inner: exp.Expr = item
        while isinstance(inner, (exp.Subquery, exp.SetOperation)):
            if terms.is_join(inner):
                return None
            inner = inner.this
        if not isinstance(inner, exp.Select) or not all(isinstance(o, exp.Column) for o in outputs):
            return None
        names = item.alias_column_names or [e.alias_or_name for e in inner.expressions]
        return [names.index(o.name) for o in outputs] if all(o.name in names for o in outputs) else None


class _From:
    """The tables of one FROM, flat, and what its inner joins ask for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.sources: list[Source] = []
        self.conditions: list[exp.Expr] = []

    def add_all(self, item: exp.Expr, joins: list[exp.Join]) -> None:
        self._add(item, None)
        for join in joins:
            if join.method or join.side not in ("", "LEFT") or join.kind not in ("", "INNER", "OUTER", "CROSS"):
                raise NotUnderstood(f"it has a {join.side or join.kind or join.method} JOIN")
            on = join.args.get("on")
            if using := join.args.get("using"):
                on = self._using([u.name for u in using], join.this)
            if join.side == "LEFT":
                self._add(join.this, on)
            else:
                self._add(join.this, None)
                self.conditions += terms.together(on) if on is not None else []

    def _add(self, item: exp.Expr, outer: exp.Expr | None) -> None:
        inner = item.this if isinstance(item, exp.Subquery) else None
        if isinstance(inner, (exp.Table, exp.Subquery)) and not item.alias:
            if outer is not None:
                raise NotUnderstood("it has a LEFT JOIN to several tables together")
            self.add_all(inner, inner.args.get("joins") or [])
            return
        item = item.copy()
        item.set("joins", None)
        if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
            relation = self._catalogue.named(item.db, item.name) if item.db else None
        elif isinstance(item, exp.Subquery) and not item.args.get("lateral"):
            relation = None
        else:
            raise NotUnderstood("it has a function or LATERAL in FROM")
        source = Source(item.alias_or_name, item, relation, outer)
        self.sources.append(source)
        if outer is not None:
            self.sources[-1] = replace(source, leans_on=_condition(outer, self).needs - {source.alias})

    def _using(self, names: list[str], right: exp.Expr) -> exp.Expr:
        found = []
        for name in names:
            left = [s.alias for s in self.sources if s.relation and s.relation.column(name)]
            if len(left) != 1:
                raise NotUnderstood(f"it has USING ({name}), which may mean several tables")
            found.append(exp.EQ(this=exp.column(name, left[0]), expression=exp.column(name, right.alias_or_name)))
        return exp.and_(*found)

    def owner(self, column: exp.Column) -> str | None:
        """The alias that a column stands under; None: it is none of ours, but of a subquery."""
        aliases = [s.alias for s in self.sources]
        if column.table:
            return column.table if column.table in aliases else None
        if len(aliases) == 1:
            return aliases[0]
        return next((s.alias for s in self.sources if s.relation and s.relation.column(column.name)), None)


def _keys(outputs: list[exp.Expr], from_list: _From) -> Iterator[Condition]:
    """One condition for each key column; the value is put in later."""
    for number, node in enumerate(outputs):
        column = node
        while isinstance(column, exp.Cast):
            column = terms.bare(column.this)
        simple = column.name if isinstance(column, exp.Column) else None
        yield replace(_condition(node, from_list), ties=True, column=simple, key=number)


def _condition(node: exp.Expr, from_list: _From) -> Condition:
    needs = set()
    for column in node.find_all(exp.Column):
        inside = column.find_ancestor(exp.Select)
        if column.table or inside is None or node.find_ancestor(exp.Select) is inside:
            needs.add(from_list.owner(column))
    found = frozenset(n for n in needs if n)
    return Condition(node, found, ties=isinstance(node, exp.EQ) and len(found) > 1)


def _unexamined(select: exp.Select) -> Iterator[str]:
    if having := select.args.get("having"):
        yield having.sql(dialect="postgres")
    for node in select.expressions:
        for call in node.find_all(exp.Explode, exp.Unnest, exp.ExplodingGenerateSeries):
            yield call.sql(dialect="postgres")
