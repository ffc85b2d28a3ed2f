"""The columns of a query: which of them tell the rows that a change can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from textwrap import shorten

from sqlglot import exp

from outbox.capture import terms
from outbox.capture.catalogue import Type
from outbox.capture.equality import Branch, Of, Region, Unsaid
from outbox.capture.levels import Level, Output, Part, Source, naming


def outputs_of(select: exp.Select, level: Level, aggregated: bool) -> tuple[Output, ...]:
    """The columns of one SELECT.

    Where rows are chosen or ranked among others (DISTINCT ON, windows), only the columns that tell the groups of rows
    apart are those of the rows that changed; under LIMIT none is. With GROUP BY every column outside an aggregate is
    one of the group.
    """
    choosers = list(_choosers(select))
    exact = not (aggregated or select.args.get("distinct") or choosers)
    nulled = "is null in some rows of ROLLUP, CUBE or GROUPING SETS" if has_grouping_sets(select) else ""
    found = []
    for node in select.expressions:
        picked = [why for why, telling in choosers if terms.text_of(node) not in telling]
        value = None if nulled else level.value(node)
        why = nulled or (picked[0] if picked and value else _made_of(node, aggregated))
        found.append(Output(node.output_name, value, not picked, exact, why))
    return tuple(found)


def _choosers(select: exp.Select) -> Iterator[tuple[str, frozenset[str]]]:
    """What looks at several rows together: in words, and the expressions by which it tells groups of them apart."""
    for clause in ("limit", "offset", "fetch"):
        if select.args.get(clause):
            yield f"is picked by {clause.upper()} among all rows", frozenset()
    distinct = select.args.get("distinct")
    if distinct and distinct.args.get("on"):
        yield "is picked by DISTINCT ON among several rows", _texts(distinct.args["on"].expressions)
    defined = {w.name: w for w in select.args.get("windows") or []}
    for window in select.find_all(exp.Window):
        if window.parent_select is select:
            window = defined.get(window.alias, window)  # OVER w
            why = "stands beside a window, which looks at more rows than those with the same value of it"
            yield why, _texts(window.args.get("partition_by") or [])


def _made_of(node: exp.Expr, aggregated: bool) -> str:
    """Of what is no column of a table."""
    if isinstance(terms.bare(node), exp.Column):
        return f"comes from {terms.text_of(node)}, of a function or a list of VALUES"
    text = shorten(terms.text_of(node), 60, placeholder=" ...")
    return f"is computed{' from groups of rows' if aggregated else ''} ({text})"


def _texts(nodes: Iterable[exp.Expr]) -> frozenset[str]:
    return frozenset(terms.text_of(n) for n in nodes)


def has_grouping_sets(select: exp.Select) -> bool:
    """GROUPING SETS, ROLLUP, CUBE and () also yield rows in which a grouping column is null, and one of nothing."""
    group = select.args.get("group")
    kinds = (exp.GroupingSets, exp.Rollup, exp.Cube)
    return group is not None and any(isinstance(n, kinds) or n == exp.Tuple() for n in group.find_all(exp.Expr))


def common_type(types: Iterable[Type | None]) -> Type | None:
    """Of a column of a UNION, as far as it is sure."""
    found = set(types)
    return found.pop() if len(found) == 1 else None


def through_set_operation(part: Part, carried: bool, exact: bool) -> Part:
    picked = "" if carried else "is picked by LIMIT among all rows"
    outputs = (
        replace(o, carried=o.carried and carried, exact=o.exact and exact, why=picked or o.why) for o in part.outputs
    )
    return Part(part.branch, tuple(outputs))


def speaking_for_itself(part: Part) -> Part:
    """The second half of EXCEPT or INTERSECT: it explains changes of its own tables only."""
    inside = frozenset(o.place for o in part.branch.occurrences)
    limits = inside if part.branch.speaks_for is None else inside & part.branch.speaks_for
    return Part(replace(part.branch, speaks_for=limits), part.outputs)


def named(part: Part, source: Source, place: int, region: Region) -> Branch:
    """The branch, with an edge from each of its columns to the name that it goes by outside."""
    inside = frozenset(o.place for o in part.branch.occurrences)
    edges, unsaid = [], []
    for output, (name, value) in zip(part.outputs, source.items(), strict=True):
        term = Of(place, name)
        edge = naming(output, term, value.type if value else None, region, inside)
        edges += [edge] if edge else []
        if not (edge and output.carried):
            unsaid.append(Unsaid(term, output.why, inside if edge else None))
    return part.branch.joined(Branch(edges=tuple(edges), places={place: region}, unsaid=tuple(unsaid)))
