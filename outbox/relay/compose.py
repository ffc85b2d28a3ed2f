"""The desired views as they are now; their identifiers, types and conditions, composed into statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from outbox import sqlfiles
from outbox.resources import RESOURCES, Parent, Resource


@dataclass(frozen=True)
class View:
    """A desired view as it is now: its name and the type of each column."""

    target: str
    resource: Resource
    types: dict[str, str]


def views_of(target: str, columns: Iterable[tuple[str, str, str]]) -> dict[str, View]:
    """From the rows of sql/relay/read_views.sql, (resource, column, type): parents before children."""
    types: dict[str, dict[str, str]] = {}
    for resource, column, type_ in columns:
        types.setdefault(resource, {})[column] = type_
    return {name: View(target, resource, types[name]) for name, resource in RESOURCES.items() if name in types}


def common(view: View, keyed: str) -> dict[str, sql.Composable]:
    """What many statements have in common; `keyed` is the relation that has the column `key`."""
    resource = view.resource
    missing, withdrawn = optional(view, "missing"), optional(view, "withdrawn")
    return {
        "target": sql.Literal(view.target),
        "resource": sql.Literal(resource.name),
        "view": sql.Identifier(view.target, resource.name),
        # Under a collation of its own 'a' and 'A' could be one key; and in any but that of the indexes each key would
        # walk through all of the mirror and of the messages.
        "view_key": sql.SQL(", ").join(
            sql.SQL('v.{}::text COLLATE "default"').format(sql.Identifier(c)) for c in resource.key
        ),
        # A row with a null in its key names nothing that a cloud could hold.
        "has_key": sql.SQL("num_nulls({}) = 0").format(
            sql.SQL(", ").join(sql.SQL("v.{}").format(sql.Identifier(c)) for c in resource.key)
        ),
        "not_document": sql.Literal([*resource.key, "missing", "withdrawn"]),
        "missing": missing,
        "withdrawn": withdrawn,
        "not_ready": sql.SQL("coalesce(cardinality({}), 0) > 0 OR coalesce({}, false)").format(missing, withdrawn),
        "key_length": sql.Literal(len(resource.key)),
        "present_parents": present_parents(view, keyed),
    }


def comparison(view: View, one: bool) -> sql.Composed:
    """The compare statement of a view, for one key or for many."""
    columns = view.resource.key
    return sql.SQL(sqlfiles.statement("relay/compare.sql")).format(
        user_gone=user_gone(view),
        key_columns=names(columns),
        key_arrays=arrays(len(columns), one=one),
        view_match=match_view(view, columns, exactly=False, one=one),
        **common(view, "w"),
    )


def present_parents(view: View, keyed: str) -> sql.Composable:
    """The parents' remote ids as an array, null for one that is not in the cloud."""
    lookups = [_of_parent(view, parent, keyed, "remote_id") for parent in view.resource.parents]
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(lookups))


def user_gone(view: View) -> sql.Composable:
    """Does the target know the user no longer whom this is about? Of other parents it never says so."""
    users = [p for p in view.resource.parents if p.resource == "users"]
    return _of_parent(view, users[0], "w", "gone") if users else sql.SQL("false")


def _of_parent(view: View, parent: Parent, keyed: str, column: str) -> sql.Composable:
    return sql.SQL(sqlfiles.read("relay/present_parent.sql")).format(
        target=sql.Literal(view.target),
        column=sql.Identifier(column),
        resource=sql.Literal(parent.resource),
        key=parent_key(view, parent, keyed),
    )


def parent_key(view: View, parent: Parent, keyed: str) -> sql.Composable:
    """The key of a parent, from the key of its child; `keyed` is as above."""
    places = [view.resource.key.index(column) + 1 for column in parent.columns]
    return sql.SQL(", ").join(sql.SQL("{}.key[{}]").format(sql.Identifier(keyed), sql.Literal(p)) for p in places)


def has_parents(view: View, views: Mapping[str, View]) -> sql.Composable:
    """Are all parents of desired row d in the cloud, or about to be?"""
    parts = [_has_parent(view, parent, views.get(parent.resource)) for parent in view.resource.parents]
    return sql.SQL(" AND ").join([sql.SQL("true"), *parts])


def _has_parent(view: View, parent: Parent, parents: View | None) -> sql.Composable:
    if parents is None:
        return sql.SQL("false")
    return sql.SQL(sqlfiles.statement("relay/parent_is_due.sql")).format(
        **common(parents, "d"), parent_key=parent_key(view, parent, "d")
    )


def company_stays(view: View, views: Mapping[str, View]) -> sql.Composable:
    """Does what row m of the mirror belongs to stay? Only projects and costs leave with their parent: access that is
    taken away is no business of the brakes.
    """
    if "companies" not in views or [p.resource for p in view.resource.parents] != ["companies"]:
        return sql.SQL("true")
    companies = sql.Identifier(view.target, "companies")
    return sql.SQL(sqlfiles.read("relay/company_stays.sql")).format(companies=companies)


def match_view(view: View, columns: Sequence[str], *, exactly: bool, one: bool = False) -> sql.Composable:
    """Rows of the view whose columns have the wanted values, natively typed so that its indexes serve.

    The values stand in one array per column, so several columns also let other combinations through, unless exactly.
    one: see arrays.
    """
    parts = [
        sql.SQL("v.{} = ANY ({}::{}[])").format(sql.Identifier(c), _array(i, one), sql.SQL(view.types[c]))
        for i, c in enumerate(columns)
    ]
    if exactly and len(columns) > 1:
        equal = [sql.SQL("v.{}::text = p.{}").format(sql.Identifier(c), sql.Identifier(c)) for c in columns]
        exists = sql.SQL(sqlfiles.read("relay/matches_pattern.sql"))
        parts.append(exists.format(equal=sql.SQL(" AND ").join(equal)))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")


def match_key(resource: Resource, columns: Sequence[str]) -> sql.Composable:
    """Keys m.key with the values of pattern p. A prefix is a range of the index: NULL sorts after every value."""
    names = [sql.SQL("p.{}").format(sql.Identifier(c)) for c in columns]
    if not columns:
        return sql.SQL("true")
    if tuple(columns) == resource.key[: len(columns)]:
        prefix = sql.SQL(", ").join(names)
        return sql.SQL("m.key >= ARRAY[{}] AND m.key < ARRAY[{}, NULL]").format(prefix, prefix)
    places = [sql.Literal(resource.key.index(c) + 1) for c in columns]
    equal = [sql.SQL("m.key[{}] = {}").format(place, name) for place, name in zip(places, names, strict=True)]
    return sql.SQL(" AND ").join(equal)


def patterns(columns: Sequence[str]) -> sql.Composable:
    """The patterns p0, p1, ... as rows; without columns the one pattern that matches all."""
    if not columns:
        return sql.SQL(sqlfiles.read("relay/pattern_of_all.sql"))
    wanted = sql.SQL(sqlfiles.read("relay/patterns.sql"))
    return wanted.format(arrays=arrays(len(columns)), columns=names(columns))


def arrays(count: int, *, one: bool = False) -> sql.Composable:
    """The parameters p0, p1, ...: an array each. one: a value each, so that a plan that is kept is for one key."""
    return sql.SQL(", ").join(_array(i, one) for i in range(count))


def _array(place: int, one: bool) -> sql.Composable:
    return sql.SQL(f"ARRAY[%(p{place})s::text]" if one else f"%(p{place})s::text[]")


def names(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def optional(view: View, column: str) -> sql.Composable:
    """A column that a view may leave out."""
    empty = {"missing": "NULL::text[]", "withdrawn": "false"}
    return sql.SQL(f"v.{column}" if column in view.types else empty[column])
