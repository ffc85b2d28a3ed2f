"""The desired views that a database has."""

from __future__ import annotations

from outbox import sqlfiles
from outbox.database import Connection
from outbox.relay.compose import View
from outbox.resources import RESOURCES, TARGETS


def read_views(connection: Connection, target: str) -> dict[str, View]:
    """The desired views that a target has, parents before children."""
    types: dict[str, dict[str, str]] = {}
    for resource, column, type_ in connection.execute(sqlfiles.read("relay/read_views.sql"), {"target": target}):
        types.setdefault(resource, {})[column] = type_
    return {name: View(target, resource, types[name]) for name, resource in RESOURCES.items() if name in types}


def served_targets(connection: Connection) -> list[str]:
    """The targets for which there is a desired view."""
    return [target for target in TARGETS if read_views(connection, target)]
