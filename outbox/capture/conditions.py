"""Conditions of a query: which equalities they bring, and what the subqueries in them tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Type
from outbox.capture.equality import Constant, Region
from outbox.capture.levels import Level, Part, Source
from outbox.capture.terms import Value


class Queries(Protocol):
    """Reads queries, see branches."""

    def optional(self, region: Region) -> Region:
        """A region inside that need not hold a row."""

    def query(self, node: exp.Expr, outer: Level, region: Region) -> list[Part]:
        """The branches of a query; `outer` has the names that it can see."""

    def subquery(self, tree: exp.Expr, level: Level, outer: Level, region: Region, names: Iterable[str] = ()) -> Source:
        """A query as a part of `level`, with columns that are terms of their own."""


class Conditions:
    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def where(self, node: exp.Expr, level: Level, region: Region) -> None:
        """What must be true of every row of the region."""
        for condition in terms.together(node):
            self._condition(condition, level, region)

    def _condition(self, node: exp.Expr, level: Level, region: Region) -> None:
        inner = terms.bare(node.this) if isinstance(node, exp.Not) else None
        if isinstance(node, exp.EQ) and (values := terms.constants(node.right)):
            self._is_among(level.value(node.left), values, level, region)
        elif equation := terms.equation(node):
            self._equation(*equation, level, region)
        elif isinstance(node, exp.Exists):
            self._semijoin([], node.this, level, region)
        elif isinstance(node, exp.In) and node.args.get("query"):
            self._semijoin(_operands(node.this), node.args["query"], level, region)
        elif isinstance(node, exp.Column):
            self._is_true(node, "true", level, region)
        elif isinstance(inner, exp.Column):
            self._is_true(inner, "false", level, region)
        elif found := _not_null(node):
            level.equal(level.value(found), None, frozenset({region}))
        else:
            self.aside(node, level, region)

    def _equation(self, one: exp.Expr, operator: str, other: exp.Expr, level: Level, region: Region) -> None:
        if isinstance(other, exp.Any) and isinstance(other.this, exp.Query):
            self._semijoin(_operands(one), other.this, level, region, operator)
            return
        left, right = level.value(one), level.value(other)
        if terms.is_equality(operator, left, right):
            level.equal(left, right, frozenset({region}))
        self.aside(one, level, region)
        self.aside(other, level, region)

    def _is_true(self, column: exp.Column, constant: str, level: Level, region: Region) -> None:
        boolean = Value(Constant(constant, "bool"), Type("bool", True))
        level.equal(level.column(column), boolean, frozenset({region}))

    def _is_among(self, value: Value | None, values: tuple[Constant, ...], level: Level, region: Region) -> None:
        alike = value is not None and value.stored_alike and value.type is not None
        if value is not None:
            fits = alike and value.type is not None and {v.family for v in values} == {value.type.family}
            level.add_among(value.term, tuple(v.text for v in values) if fits else (), region)

    def _semijoin(
        self, operands: list[exp.Expr], query: exp.Expr, level: Level, region: Region, operator: str = "="
    ) -> None:
        """EXISTS, or IN as one: where it must be true, the subquery holds a row, so it counts as joined."""
        columns = list(self._queries.subquery(query, level, level, region).values())
        for operand, column in zip(operands, columns, strict=False):
            value = level.value(operand)
            if terms.is_equality(operator, value, column):
                level.equal(value, column, frozenset({region}))
            self.aside(operand, level, region)

    def aside(self, node: exp.Expr, level: Level, region: Region) -> None:
        """Subqueries of an expression: what holds in them holds for their own tables, and for no other."""
        for query in terms.subqueries(node):
            parts = self._queries.query(query, level, self._queries.optional(region))
            level.choices.append([p.branch for p in parts])


def _not_null(node: exp.Expr) -> exp.Expr | None:
    """x of `x IS NOT NULL` and `NOT x IS NULL`. `NOT x IS NOT NULL` is the opposite."""
    negated = isinstance(node, exp.Not)
    test = terms.bare(node.this) if negated else node
    if isinstance(test, exp.Is) and isinstance(test.expression, exp.Null) and negated != bool(test.args.get("negate")):
        return terms.bare(test.this)
    return None


def _operands(node: exp.Expr) -> list[exp.Expr]:
    """The left side of IN: one value or a row of them."""
    node = terms.bare(node)
    return list(node.expressions) if isinstance(node, exp.Tuple) else [node]
