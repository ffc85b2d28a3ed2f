"""Identifiers, types and conditions of a desired view, composed into the statements of sql/relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from outbox.resources import Resource


@dataclass(frozen=True)
class View:
    """A desired view as it is now: its name and the type of each column."""

    target: str
    resource: Resource
    types: dict[str, str]


def common(view: View, keyed: str) -> dict[str, sql.Composable]:
    """What expand and compare have in common; `keyed` is the relation that has the column `key`."""
    resource = view.resource
    return {
        "target": sql.Literal(view.target),
        "resource": sql.Literal(resource.name),
        "view": sql.Identifier(view.target, resource.name),
        "view_key": sql.SQL(", ").join(sql.SQL("v.{}::text").format(sql.Identifier(c)) for c in resource.key),
        "not_document": sql.Literal([*resource.key, "missing", "withdrawn"]),
        "not_ready": sql.SQL("coalesce(cardinality({}), 0) > 0 OR coalesce({}, false)").format(
            optional(view, "missing"), optional(view, "withdrawn")
        ),
        "key_length": sql.Literal(len(resource.key)),
        "present_parents": present_parents(view, keyed),
    }


def present_parents(view: View, keyed: str) -> sql.Composable:
    """The parents' remote ids as an array, null for one that is not in the cloud."""
    lookups = [
        sql.SQL(
            "(SELECT p.remote_id FROM outbox.mirror AS p WHERE p.target = {} AND p.resource = {} AND p.key = ARRAY[{}])"
        ).format(
            sql.Literal(view.target),
            sql.Literal(parent.resource),
            sql.SQL(", ").join(
                sql.SQL("{}.key[{}]").format(sql.Identifier(keyed), sql.Literal(view.resource.key.index(c) + 1))
                for c in parent.columns
            ),
        )
        for parent in view.resource.parents
    ]
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(lookups))


def match_view(view: View, columns: Sequence[str], pattern: str | None) -> sql.Composable:
    """Rows of the view whose columns have the wanted values, natively typed so that its indexes serve."""
    parts = [
        sql.SQL("v.{} = ANY (%({})s::text[]::{}[])").format(sql.Identifier(c), sql.SQL(f"p{i}"), sql.SQL(view.types[c]))
        for i, c in enumerate(columns)
    ]
    if pattern and len(columns) > 1:
        equal = sql.SQL(" AND ").join(
            sql.SQL("v.{}::text = {}.{}").format(sql.Identifier(c), sql.Identifier(pattern), sql.Identifier(c))
            for c in columns
        )
        parts.append(sql.SQL("EXISTS (SELECT FROM {} WHERE {})").format(sql.Identifier(pattern), equal))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")


def match_key(resource: Resource, columns: Sequence[str]) -> sql.Composable:
    """Keys (of the mirror or of messages) with the wanted values."""
    if not columns:
        return sql.SQL("true")
    places = [resource.key.index(c) + 1 for c in columns]
    anchored = sql.SQL("m.key[1] = ANY (%(p0)s::text[]) AND ") if places[0] == 1 else sql.SQL("")
    equal = sql.SQL(" AND ").join(
        sql.SQL("m.key[{}] = p.{}").format(sql.Literal(place), sql.Identifier(c))
        for place, c in zip(places, columns, strict=True)
    )
    return sql.SQL("{}EXISTS (SELECT FROM pattern AS p WHERE {})").format(anchored, equal)


def arrays(count: int) -> sql.Composable:
    return sql.SQL(", ".join(f"%(p{i})s::text[]" for i in range(count)))


def names(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def optional(view: View, column: str) -> sql.Composable:
    """A column that a view may leave out."""
    empty = {"missing": "NULL::text[]", "withdrawn": "false"}
    return sql.SQL(f"v.{column}" if column in view.types else empty[column])
