"""The desired views that a database has."""

from __future__ import annotations

from outbox import sqlfiles
from outbox.database import Connection
from outbox.relay.compose import View, views_of
from outbox.resources import TARGETS


def read_views(connection: Connection, target: str) -> dict[str, View]:
    """The desired views that a target has, parents before children."""
    return views_of(target, connection.execute(sqlfiles.read("relay/read_views.sql"), {"target": target}))


def served_targets(connection: Connection) -> list[str]:
    """The targets for which there is a desired view."""
    return [target for target in TARGETS if read_views(connection, target)]
