"""A desired view, parsed into branches: which tables, and what is equal to what (see equality).

The text comes from pg_get_viewdef under search_path = pg_catalog: names are complete, aliases are unique over all
levels, stars are spelled out, and a bare `=` is a built-in one. Nothing here runs or rewrites SQL.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Catalogue, Relation, Type
from outbox.capture.conditions import Conditions
from outbox.capture.dependencies import mentioned_relations
from outbox.capture.equality import Branch, Occurrence, Of, Region
from outbox.capture.levels import Level, NotUnderstood, Output, Part, Source, distinct, renamed, side_by_side
from outbox.capture.outputs import (
    common_type,
    has_grouping_sets,
    named,
    outputs_of,
    speaking_for_itself,
    through_set_operation,
)
from outbox.capture.parsed import parse
from outbox.capture.terms import Value


def read_branches(catalogue: Catalogue, view: Relation) -> list[Branch]:
    """The branches of a desired view; its own columns are the terms Of(0, name). Raises NotUnderstood."""
    level = Level()
    _Reader(catalogue).view(view, level, (), place=0)
    return [p.branch for p in level.parts(())]


class _Reader:
    """Walks down the query. A method gets the level it adds to, and the region of the rows it speaks of."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._numbers = itertools.count(1)
        self._read: dict[int, exp.Expr] = {}  # the tables and WITH queries accounted for, by id
        self._regions = itertools.count(1)
        self._conditions = Conditions(self)

    def optional(self, region: Region) -> Region:
        """A region inside that need not hold a row."""
        return (*region, next(self._regions))

    # -- queries

    def view(self, view: Relation, level: Level, region: Region, place: int | None = None) -> Source:
        """A view by its definition; its columns have the names and types that the catalogue gives them."""
        tree = parse(view)
        columns = {c.name: c.type for c in view.columns}
        source = self.subquery(tree, level, Level(), region, list(columns), columns, place)
        self._check_complete(view, tree)
        return source

    def _check_complete(self, view: Relation, tree: exp.Expr) -> None:
        """Every table that PostgreSQL sees in the definition was seen here, and as often."""
        tables = list(tree.find_all(exp.Table))
        if missed := [t for t in tables if id(t) not in self._read and not self._in_unused(t)]:
            raise NotUnderstood(f"{missed[0].sql(dialect='postgres')} stands where tables are not looked for")
        seen = Counter((t.db, t.name) for t in tables if t.db)
        relations = [self._catalogue.relations.get(oid) for oid in mentioned_relations(view)]
        if seen != Counter((r.schema, r.name) for r in relations if r):
            raise NotUnderstood(f"the definition of {view.dotted} reads tables that are not seen in its text")

    def _in_unused(self, table: exp.Table) -> bool:
        query = table.find_ancestor(exp.CTE)
        return query is not None and id(query) not in self._read

    def subquery(
        self,
        tree: exp.Expr,
        level: Level,
        outer: Level,
        region: Region,
        names: Iterable[str] = (),
        types: dict[str, Type] | None = None,
        place: int | None = None,
    ) -> Source:
        """A subquery of `level` with columns that are terms of their own; `outer` has the names that it can see."""
        place = next(self._numbers) if place is None else place
        parts = self.query(tree, outer, region)
        given = list(names)
        columns = distinct(given + [o.name for o in parts[0].outputs[len(given) :]])
        source: Source = {
            name: Value(Of(place, name), types[name] if types else common_type(p.outputs[i].type for p in parts))
            for i, name in enumerate(columns)
        }
        level.choices.append([named(p, source, place, region) for p in parts])
        return source

    def query(self, node: exp.Expr, outer: Level, region: Region) -> list[Part]:
        while isinstance(node, exp.Subquery):
            # `joins` of the first item of a join in parentheses are read with that
            if {k for k, v in node.args.items() if v} - {"this", "alias", "joins"}:
                raise NotUnderstood("a query in parentheses has clauses of its own")
            node = node.this
        if isinstance(node, exp.Select):
            return self._select(node, outer, region)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, region)
        if isinstance(node, exp.Values):
            listed = Output("", None, why="stands in a list of VALUES")
            return [Part(Branch(), (listed,) * len(node.expressions[0].expressions))]
        raise NotUnderstood(f"it has a {type(node).__name__} in place of a query")

    def _with(self, node: exp.Query, level: Level) -> None:
        """Each use of a WITH query is read as if it stood there; an unused one decides nothing."""
        clause = node.args.get("with_")
        if clause is None:
            return
        if clause.args.get("recursive"):
            raise NotUnderstood("it has a recursive WITH query")
        for query in clause.expressions:
            level.queries[query.alias] = (query, Level(level.outer, dict(level.queries)))

    def _set_operation(self, node: exp.SetOperation, outer: Level, region: Region) -> list[Part]:
        level = Level(outer)
        self._with(node, level)
        left, right = (self.query(side, level, region) for side in (node.left, node.right))
        is_union = isinstance(node, exp.Union)
        if not is_union:
            right = [speaking_for_itself(p) for p in right]
        limited = bool(node.args.get("limit") or node.args.get("offset"))
        exact = is_union and not node.args.get("distinct")
        return [through_set_operation(p, carried=not limited, exact=exact) for p in left + right]

    def _select(self, select: exp.Select, outer: Level, region: Region) -> list[Part]:
        level = Level(outer)
        self._with(select, level)
        aside = [
            part
            for clause, node in select.args.items()
            if clause not in ("from_", "joins", "where", "with_")
            for part in (node if isinstance(node, list) else [node])
            if isinstance(part, exp.Expr)
        ]
        grouped = select.args.get("group")
        aggregated = bool(select.args.get("having"))
        aggregated = aggregated or any(terms.aggregates(part, self._catalogue.aggregates) for part in aside)
        # An aggregate without GROUP BY yields its row even when there is nothing to aggregate, as do ROLLUP and ().
        of_nothing = has_grouping_sets(select) if grouped else aggregated
        rows = self.optional(region) if of_nothing else region
        if source := select.args.get("from_"):
            self._from(source.this, select.args.get("joins") or [], level, rows)
        if where := select.args.get("where"):
            self._conditions.where(where.this, level, rows)
        for part in aside:
            self._conditions.aside(part, level, rows)
        return level.parts(outputs_of(select, level, bool(grouped) or aggregated))

    # -- FROM

    def _from(self, first: exp.Expr, joins: list[exp.Join], level: Level, region: Region) -> Source:
        """A FROM list; the comma binds less than JOIN."""
        lists: list[tuple[exp.Expr, list[exp.Join]]] = [(first, [])]
        for join in joins:
            if _is_comma(join):
                lists.append((join.this, []))
            else:
                lists[-1][1].append(join)
        columns: Source = {}
        for item, its_joins in lists:
            columns = side_by_side(columns, self._joined(item, its_joins, level, region))
        return columns

    def _joined(self, first: exp.Expr, joins: list[exp.Join], level: Level, region: Region) -> Source:
        """A JOIN tree, with the columns it shows; for those of one name only USING can mean them."""
        if not joins:
            return self._item(first, level, region)
        *before, join = joins
        if (
            join.method
            or join.side not in ("", "LEFT", "RIGHT", "FULL")
            or join.kind not in ("", "INNER", "OUTER", "CROSS")
        ):
            raise NotUnderstood(f"it has a join of an unknown kind: {join.sql(dialect='postgres')}")
        left_region = self.optional(region) if join.side in ("RIGHT", "FULL") else region
        right_region = self.optional(region) if join.side in ("LEFT", "FULL") else region
        left = self._joined(first, before, level, left_region)
        right = self._item(join.this, level, right_region)
        if using := join.args.get("using"):
            return self._using([u.name for u in using], left, right, level, (left_region, right_region), join.side)
        if on := join.args.get("on"):
            self._on(on, level, (left_region, right_region), join.side)
        return side_by_side(left, right)

    def _on(self, on: exp.Expr, level: Level, regions: tuple[Region, Region], side: str) -> None:
        if side != "FULL":
            self._conditions.where(on, level, regions[0] if side == "RIGHT" else regions[1])
            return
        if any(terms.subqueries(on)):
            raise NotUnderstood("it has a FULL JOIN on a subquery")
        for condition in terms.together(on):
            if equation := terms.equation(condition):
                left, right = level.value(equation[0]), level.value(equation[2])
                if terms.is_equality(equation[1], left, right):
                    level.equal(left, right, frozenset(regions))
                    self._meet(left, right, level, regions)

    def _meet(
        self, left: Value | None, right: Value | None, level: Level, regions: tuple[Region, Region]
    ) -> Value | None:
        """One column of a FULL JOIN made of two; for tables further inside a side it is not followed."""
        places = level.branch.places
        by_region = {places.get(v.term.place): v for v in (left, right) if v and isinstance(v.term, Of)}
        if set(by_region) != set(regions):
            return None
        ordered = (by_region[regions[0]], by_region[regions[1]])
        number = next(self._numbers)
        level.place(number, regions[0][:-1])
        return level.full_join(number, *ordered, regions)

    def _using(
        self,
        names: list[str],
        left: Source,
        right: Source,
        level: Level,
        regions: tuple[Region, Region],
        side: str,
    ) -> Source:
        merged: Source = {}
        for name in names:
            one, other = left.get(name), right.get(name)
            if side == "FULL":
                level.equal(one, other, frozenset(regions))
                merged[name] = level.merged[name] = self._meet(one, other, level, regions)
            else:
                level.equal(one, other, frozenset({regions[0] if side == "RIGHT" else regions[1]}))
                merged[name] = other if side == "RIGHT" else one
        return merged | {n: v for n, v in side_by_side(left, right).items() if n.split(" ")[0] not in merged}

    def _item(self, item: exp.Expr, level: Level, region: Region) -> Source:
        """A table, a subquery, a function or a join in parentheses; what the latter hides behind an alias too."""
        source: Source | None = None
        if isinstance(item, exp.Table):
            source = self._table(item, level, region)
        elif terms.is_join(item):
            source = self._from(item.this, item.this.args["joins"], level, region)
            if not item.alias:
                return source
        elif isinstance(query := item.this if isinstance(item, exp.Lateral) else item, exp.Query):
            source = self.subquery(query, level, level, region, item.alias_column_names)
        else:
            self._conditions.aside(item, level, region)
        if source is not None:
            source = renamed(source, item.alias_column_names)
        level.sources[item.alias_or_name] = source
        return source or {}

    def _table(self, item: exp.Table, level: Level, region: Region) -> Source | None:
        self._read[id(item)] = item
        if item.args.get("sample"):
            raise NotUnderstood("it has a TABLESAMPLE")
        if item.args.get("rows_from") or not isinstance(item.this, exp.Identifier):
            self._conditions.aside(item, level, region)
            return None
        if not item.db:
            return self._with_query(item, level, region)
        relation = self._catalogue.named(item.db, item.name)
        if relation is None:
            raise NotUnderstood(f"{item.db}.{item.name} is not among what it depends on")
        if relation.kind == "v":
            return self.view(relation, level, region)
        place = next(self._numbers)
        level.place(place, region, Occurrence(place, relation))
        return {c.name: Value(Of(place, c.name), c.type) for c in relation.columns}

    def _with_query(self, item: exp.Table, level: Level, region: Region) -> Source:
        found = level.query(item.name)
        if found is None:
            raise NotUnderstood(f"{item.name} is neither a table nor a WITH query")
        query, outer = found
        self._read[id(query)] = query
        return self.subquery(query.this, level, outer, region, query.alias_column_names)


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(a) for a in ("method", "side", "kind", "on", "using"))
