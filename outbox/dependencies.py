"""Which columns of which tables a view depends on, as PostgreSQL itself has recorded it."""

from __future__ import annotations

import re

from outbox.catalogue import Catalogue, Relation

# A whole-row reference (row_to_json(a.*)) leaves no column in pg_depend.
_WHOLE_ROW = re.compile(r"\{VAR :varno -?\d+ :varattno 0 ")


def used_columns(catalogue: Catalogue, view: Relation) -> dict[int, set[int]]:
    """Table -> numbers of the columns that the view uses, views on views looked through."""
    used: dict[int, set[int]] = {}
    for definition in definitions(catalogue, view):
        whole = bool(_WHOLE_ROW.search(definition.tree))
        for oid, numbers in catalogue.dependencies[definition.oid].columns.items():
            relation = catalogue.relations[oid]
            if relation.kind != "v":
                every = {c.number for c in relation.columns} if whole else set()
                used.setdefault(oid, set()).update(numbers | every)
    return used


def definitions(catalogue: Catalogue, view: Relation) -> list[Relation]:
    """The view and all views below it."""
    found = [view]
    for v in found:
        below = catalogue.dependencies[v.oid].columns if v.oid in catalogue.dependencies else {}
        found += [r for r in map(catalogue.relations.__getitem__, below) if r.kind == "v" and r not in found]
    return found
