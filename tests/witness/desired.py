"""What the desired views of a target say, in the form in which it is compared with what the cloud holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import sql

from outbox.database import Connection
from outbox.desired_views import read_views
from outbox.relay import compose
from outbox.relay.compose import View
from outbox.targets.delivery import Document, Key

_DESIRED = """
SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document, {not_ready} AS not_ready
FROM {view} AS v
WHERE {has_key}
"""
# Which objects of the cloud belong to which keys, and by which names such an object may be known there.
_LINKED = """
SELECT m.resource, m.key, m.remote_id, m.sending
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource IN ('users', 'companies')
"""
# Keys about which a person has to decide: what the cloud holds of them is not what the view says, and may stay so.
_STUCK = """
SELECT DISTINCT m.resource, m.key
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.status IN ('held', 'dead') AND m.key IS NOT NULL
"""


@dataclass
class Rows:
    """Of one view. stuck: keys, in the view or not, that a person has to decide about (held, dead)."""

    ready: dict[Key, Document] = field(default_factory=dict)
    not_ready: dict[Key, Document] = field(default_factory=dict)
    stuck: set[Key] = field(default_factory=set)

    @property
    def binding(self) -> dict[Key, Document]:
        """The rows that the cloud must hold."""
        return {k: d for k, d in self.ready.items() if k not in self.stuck}

    @property
    def exempt(self) -> set[Key]:
        """Keys of which the cloud may hold something else, or nothing."""
        return self.stuck | self.not_ready.keys()


@dataclass(frozen=True)
class Link:
    """What the mirror says of a user or a company: its object, and names under which an unknown one may be found."""

    remote_id: str | None
    sending: tuple[str, ...]


@dataclass(frozen=True)
class Desired:
    """resources: only those that have a view. links: (resource, key) -> link."""

    resources: dict[str, Rows]
    links: dict[tuple[str, Key], Link]


def read_desired(connection: Connection, target: str) -> Desired:
    resources = {name: _read_rows(connection, view) for name, view in read_views(connection, target).items()}
    for resource, key in connection.execute(_STUCK, {"target": target}):
        if resource in resources:
            resources[resource].stuck.add(tuple(key))
    links = connection.execute(_LINKED, {"target": target})
    return Desired(resources, {(r, tuple(k)): Link(remote_id, tuple(s)) for r, k, remote_id, s in links})


def _read_rows(connection: Connection, view: View) -> Rows:
    query = sql.SQL(_DESIRED).format(**compose.common(view, "v"))
    rows = Rows()
    normal = _NORMAL.get(view.resource.name, dict)
    for key, document, not_ready in connection.execute(query):
        (rows.not_ready if not_ready else rows.ready)[tuple(key)] = normal(document)
    return rows


def _user(document: Document) -> Document:
    return {**document, "language": document["language"] or "nl", "country_code": document["country_code"] or "NL"}


def _company(document: Document) -> Document:
    return {**document, "country_code": document["country_code"] or "NL"}


def _project(document: Document) -> Document:
    """Less the template, which counts only when a project is made, and a blank status, which changes none."""
    dates = {c: f"{document[c]}T00:00:00" if document[c] else None for c in ("start_date", "end_date")}
    status = {"status": document["status"]} if document["status"] else {}
    return {"description": document["description"], **dates, **status}


def _value(document: Document) -> Document:
    return {**document, "description": document["description"] or None}


def _app_access(document: Document) -> Document:
    return {"roles": sorted(document["roles"])}


_NORMAL: dict[str, Callable[[Document], Document]] = {
    "users": _user,
    "companies": _company,
    "projects": _project,
    "cost_types": _value,
    "cost_centres": _value,
    "app_access": _app_access,
}
