"""Expressions of a parsed view, as far as equality needs them: columns, constants, conditions that hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from outbox.capture.catalogue import TEXT, Type
from outbox.capture.equality import Constant, Term

_CONSTANT_TYPES = {
    exp.DataType.Type.TEXT: "text",
    exp.DataType.Type.VARCHAR: "text",
    exp.DataType.Type.SMALLINT: "int",
    exp.DataType.Type.INT: "int",
    exp.DataType.Type.BIGINT: "int",
    exp.DataType.Type.UUID: "uuid",
    exp.DataType.Type.BOOLEAN: "bool",
    exp.DataType.Type.DATE: "date",
}
_NO_FIXED_TEXT = ("money", "regclass", "regproc", "regprocedure", "regtype", "regrole", "regnamespace", "regoper")
"""What their values look like hangs on lc_monetary, or on names that may change."""
_TEXT_FAMILY = TEXT.family
_INT_FAMILY = "int"


class Value(NamedTuple):
    """What an expression comes down to. `type` None: not known. `cast`: its text form is what is compared."""

    term: Term
    type: Type | None
    cast: bool = False

    @property
    def compared_as(self) -> Type | None:
        """The type that `=` sees."""
        return TEXT if self.cast else self.type

    @property
    def stored_alike(self) -> bool:
        """May `=` be used on the stored value as well?"""
        return not self.cast or (self.type is not None and self.type.family == _TEXT_FAMILY)


def bare(node: exp.Expr) -> exp.Expr:
    """Without the parentheses and the name around it."""
    while isinstance(node, (exp.Paren, exp.Alias)):
        node = node.this
    return node


def together(node: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions of which all must hold: the operands of AND."""
    node = bare(node)
    if isinstance(node, exp.And):
        yield from together(node.left)
        yield from together(node.right)
    else:
        yield node


def equation(node: exp.Expr) -> tuple[exp.Expr, str, exp.Expr] | None:
    """Left, operator and right of `left = right`, also where the operator is that of an extension's type.

    `left = ALL (...)` is none: of nothing it is true, whatever is left, null too.
    """
    if not isinstance(node, (exp.EQ, exp.Operator)) or _is_all(node.expression):
        return None
    operator = "=" if isinstance(node, exp.EQ) else f"OPERATOR({node.args['operator']})"
    return node.this, operator, node.expression


def _is_all(node: exp.Expr) -> bool:
    """ALL of a query, or of an array, which sqlglot takes for a function."""
    return isinstance(node, exp.All) or (isinstance(node, exp.Anonymous) and node.name.upper() == "ALL")


def is_equality(operator: str, left: Value | None, right: Value | None) -> bool:
    """Does the operator, as sqlglot has it, make values equal? For a type of an extension its own one does."""
    types = {v.compared_as for v in (left, right) if v}
    return operator == "=" or (len(types) == 1 and any(t and t.equals.replace('"', "") == operator for t in types))


def constant(node: exp.Expr) -> Constant | None:
    """A literal, with or without its type. NULL equals nothing and is none."""
    node = bare(node)
    if isinstance(node, exp.Boolean):
        return Constant("true" if node.this else "false", "bool")
    if isinstance(node, exp.Literal):
        return None if node.is_string or not node.this.isdecimal() else Constant(node.this, _INT_FAMILY)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        family = None if node.to.expressions else _CONSTANT_TYPES.get(node.to.this)
        return Constant(node.this.this, family) if family else None
    return None


def constants(node: exp.Expr) -> tuple[Constant, ...]:
    """The values of `ANY (ARRAY[...])`, which is also how IN with a list is stored; none: something else."""
    array = bare(node.this) if isinstance(node, exp.Any) else None
    while isinstance(array, exp.Cast):
        array = bare(array.this)
    if not isinstance(array, exp.Array):
        return ()
    found = [constant(e) for e in array.expressions]
    return tuple(c for c in found if c) if all(found) else ()


def cast(node: exp.Cast, value: Value | None) -> Value | None:
    """The value through a cast that keeps every character: `::text`, `::varchar`, or to a wider integer.

    `::varchar(3)` does not; neither does one to char(n), numeric or a timestamp.
    """
    family = None if node.to.expressions else _CONSTANT_TYPES.get(node.to.this)
    if value is None or family is None:
        return None
    if value.type and value.type.blind:
        # The collation stays. A varchar is stored as a text is, and what is compared is the same.
        return value if family == _TEXT_FAMILY and value.type.family.split(" ")[0] == _TEXT_FAMILY else None
    if value.type and value.type.family in _NO_FIXED_TEXT:
        return None
    if family == _TEXT_FAMILY:
        return value._replace(cast=True)
    if family == _INT_FAMILY and not value.cast and value.type and value.type.family == _INT_FAMILY:
        return value
    return None


def own_nodes(node: exp.Expr) -> Iterator[exp.Expr]:
    """The node and all below it, but nothing inside a subquery."""
    yield node
    for child in node.iter_expressions():
        if not isinstance(child, exp.Query):
            yield from own_nodes(child)


def aggregates(node: exp.Expr, names: frozenset[str]) -> bool:
    """Does it call an aggregate (not as a window function)? names: those that the database has.

    One in a subquery is its own, but for what it aggregates columns from around that alone.
    """
    windowed = {id(n) for w in own_nodes(node) if isinstance(w, exp.Window) for n in _window_call(w)}
    if any(id(n) not in windowed and _is_aggregate(n, names) for n in own_nodes(node)):
        return True
    return any(
        _is_aggregate(n, names) and (tables := {c.table for c in n.find_all(exp.Column)}) and not tables & _aliases(q)
        for q in subqueries(node)
        for n in q.walk()
    )


def _is_aggregate(node: exp.Expr, names: frozenset[str]) -> bool:
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in names)


def _aliases(query: exp.Query) -> set[str]:
    """The names that all FROM clauses in it give."""
    return {t.alias_or_name for t in query.find_all(exp.Table)} | {a.name for a in query.find_all(exp.TableAlias)}


def _window_call(window: exp.Window) -> Iterator[exp.Expr]:
    """The window function itself, within its FILTER and the like."""
    node = window.this
    while isinstance(node, (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)):
        yield node
        node = node.this
    yield node


def subqueries(node: exp.Expr) -> Iterator[exp.Query]:
    """The outermost subqueries of an expression."""
    if isinstance(node, exp.Query):
        yield node
        return
    for child in node.iter_expressions():
        yield from subqueries(child)


def text_of(node: exp.Expr) -> str:
    """To compare expressions of one query with each other."""
    return bare(node).sql(dialect="postgres")


def is_join(item: exp.Expr) -> bool:
    """Parentheses around a join, not around a query."""
    return (
        isinstance(item, exp.Subquery)
        and not isinstance(item.this, (exp.Select, exp.SetOperation))
        and bool(item.this.args.get("joins"))
    )
