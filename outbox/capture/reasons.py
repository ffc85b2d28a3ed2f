"""Why a message names more rows than the changed one can reach: for whoever reads `install --dry-run`."""

from __future__ import annotations

from outbox.capture.equality import Facts, Occurrence, Of


def why_unnamed(facts: Facts, occurrence: Occurrence, key_column: str, *, first: bool) -> str:
    """Why a changed row of the table does not tell this column of the key. first: which joins are followed to."""
    term = Of(0, key_column)
    far = "to which no equality leads" if first else f"which no column of {occurrence.table.name} equals"
    return f"{key_column} {_chosen_elsewhere(facts, occurrence, term) or _not_own(facts, occurrence, term, far)}"


def _chosen_elsewhere(facts: Facts, occurrence: Occurrence, term: Of) -> str | None:
    """It is computed, or picked among rows."""
    made_of = facts.made_of(term)
    for unsaid in facts.branch.unsaid:
        if unsaid.term in made_of and (unsaid.places is None or occurrence.place in unsaid.places):
            return unsaid.why
    return None


def _not_own(facts: Facts, occurrence: Occurrence, term: Of, far: str) -> str:
    """It is a column of another table, or a column of this one that cannot be used."""
    table = occurrence.table
    own = [c for c in table.columns if facts.native.same(Of(occurrence.place, c.name), term)]
    if own and own[0].virtual:
        return f"is {own[0].name} of {table.dotted}, a virtual column, which triggers read as null"
    if own and facts.text.same(Of(occurrence.place, own[0].name), term):
        return f"is {own[0].name} of {table.dotted}, which may be null"
    if own:
        return f"equals {own[0].name} of {table.dotted}, but of {own[0].declared} equal values may look different"
    made_of = facts.made_of(term)
    for other in facts.branch.occurrences:
        for c in other.table.columns:
            if Of(other.place, c.name) in made_of:
                of = f"another row of {table.dotted}" if other.table is table else other.table.dotted
                return f"is {c.name} of {of}, {far}"
    return f"is a value {far}"
