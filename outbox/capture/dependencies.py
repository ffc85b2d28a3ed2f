"""Which columns of which tables a view depends on, as PostgreSQL itself has recorded it."""

from __future__ import annotations

import re

from outbox.capture.catalogue import Catalogue, Relation

_RELATION = re.compile(r":rtekind 0 :relid (\d+)")
# A whole-row reference (row_to_json(a.*)) leaves no column in pg_depend.
_WHOLE_ROW = re.compile(r"\{VAR :varno -?\d+ :varattno 0 ")


def used_columns(catalogue: Catalogue, view: Relation) -> dict[int, set[int]]:
    """Table -> numbers of the columns that the view uses, views on views looked through."""
    used: dict[int, set[int]] = {}
    for definition in definitions(catalogue, view):
        whole = bool(_WHOLE_ROW.search(definition.tree))
        for oid, numbers in _columns(catalogue, definition).items():
            relation = catalogue.relations[oid]
            if relation.kind != "v":
                every = {c.number for c in relation.columns} if whole else set()
                used.setdefault(oid, set()).update(numbers | every)
    return used


def definitions(catalogue: Catalogue, view: Relation) -> list[Relation]:
    """The view and all views below it."""
    found = [view]
    for v in found:
        below = map(catalogue.relations.__getitem__, _columns(catalogue, v))
        found += [r for r in below if r.kind == "v" and r not in found]
    return found


def mentioned_relations(view: Relation) -> list[int]:
    """The relations in the stored form of the definition, as often as it mentions them."""
    return [oid for oid in map(int, _RELATION.findall(view.tree)) if oid != view.oid]


def _columns(catalogue: Catalogue, view: Relation) -> dict[int, set[int]]:
    """Empty for one that reads nothing, or only what is pinned."""
    known = catalogue.dependencies.get(view.oid)
    return known.columns if known else {}
