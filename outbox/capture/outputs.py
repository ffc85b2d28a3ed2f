"""The columns of a query: which of them tell the rows that a change can reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Type
from outbox.capture.equality import Branch, Of, Region
from outbox.capture.levels import Level, Output, Part, Source, naming


def outputs_of(select: exp.Select, level: Level, aggregated: bool) -> tuple[Output, ...]:
    """The columns of one SELECT.

    Where rows are chosen or ranked among others (DISTINCT ON, windows), only the columns that tell the groups of rows
    apart are those of the rows that changed; under LIMIT none is. With GROUP BY every column outside an aggregate is
    one of the group.
    """
    telling = _telling(select)
    exact = not (aggregated or select.args.get("distinct") or telling is not None)
    found = []
    for node in select.expressions:
        carried = telling is None or terms.text_of(node) in telling
        value = None if _has_grouping_sets(select) else level.value(node)
        found.append(Output(node.output_name, value, carried, exact))
    return tuple(found)


def _telling(select: exp.Select) -> frozenset[str] | None:
    """The expressions by which this SELECT tells groups of rows apart; None: it looks at one row at a time."""
    groups: list[frozenset[str]] = []
    if any(select.args.get(a) for a in ("limit", "offset", "fetch")):
        groups.append(frozenset())
    distinct = select.args.get("distinct")
    if distinct and distinct.args.get("on"):
        groups.append(_texts(distinct.args["on"].expressions))
    defined = {w.name: w for w in select.args.get("windows") or []}
    for window in select.find_all(exp.Window):
        if window.parent_select is select:
            window = defined.get(window.alias, window)  # OVER w
            groups.append(_texts(window.args.get("partition_by") or []))
    return frozenset.intersection(*groups) if groups else None


def _texts(nodes: Iterable[exp.Expr]) -> frozenset[str]:
    return frozenset(terms.text_of(n) for n in nodes)


def _has_grouping_sets(select: exp.Select) -> bool:
    """GROUPING SETS, ROLLUP and CUBE also yield rows in which a grouping column is null."""
    return any(isinstance(n, (exp.GroupingSets, exp.Rollup, exp.Cube)) for n in select.find_all(exp.Expr))


def common_type(types: Iterable[Type | None]) -> Type | None:
    """Of a column of a UNION, as far as it is sure."""
    found = set(types)
    return found.pop() if len(found) == 1 else None


def through_set_operation(part: Part, carried: bool, exact: bool) -> Part:
    outputs = [replace(o, carried=o.carried and carried, exact=o.exact and exact) for o in part.outputs]
    return Part(part.branch, tuple(outputs))


def speaking_for_itself(part: Part) -> Part:
    """The second half of EXCEPT or INTERSECT: it explains changes of its own tables only."""
    inside = frozenset(o.place for o in part.branch.occurrences)
    limits = inside if part.branch.speaks_for is None else inside & part.branch.speaks_for
    return Part(replace(part.branch, speaks_for=limits), part.outputs)


def named(part: Part, source: Source, place: int, region: Region) -> Branch:
    """The branch, with an edge from each of its columns to the name that it goes by outside."""
    inside = frozenset(o.place for o in part.branch.occurrences)
    edges = []
    for output, (name, value) in zip(part.outputs, source.items(), strict=True):
        edge = naming(output, Of(place, name), value.type if value else None, region, inside)
        edges += [edge] if edge else []
    return part.branch.joined(Branch(edges=tuple(edges), places={place: region}))
