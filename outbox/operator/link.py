"""By hand: which object of the cloud a key is, or that it is not."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row

from outbox import sqlfiles
from outbox.errors import LinkRefused
from outbox.register.preview import read_views
from outbox.relay import compose
from outbox.relay.schedule import GIVEN_IDS
from outbox.relay.settle import children_of_key
from outbox.resources import RESOURCES
from outbox.targets.delivery import Key
from outbox.targets.held import Held

Connection = psycopg.Connection[Any]


def check_resource(resource: str) -> None:
    """Raises LinkRefused: the ids of all else are made of these."""
    if resource not in GIVEN_IDS:
        raise LinkRefused(f"{resource} are known by their user, company or code; link the user or the company")


def link(connection: Connection, target: str, resource: str, key: Key, held: Held, why: str | None = None) -> int:
    """The key is this object from now on; answers the message that has it sent. Raises LinkRefused."""
    name = natural_name(resource, held)
    with connection.transaction():
        interrupt(connection, target)
        at = _look_at(connection, target, resource, key, held.remote_id, name)
        _refuse_link(at, target, resource, key, held)
        values = {"remote_id": held.remote_id, "name": name or None, "why": why}
        _run(connection, "link", target, resource, key, **values)
        return _enqueue(connection, target, resource, key)


def unlink(connection: Connection, target: str, resource: str, key: Key, why: str | None = None) -> int:
    """A user's account is removed and he gets a new one; of a company the link is forgotten. Raises LinkRefused."""
    with connection.transaction():
        interrupt(connection, target)
        at = _look_at(connection, target, resource, key, None, None)
        if not at.mirrored or at.remote_id is None:
            raise LinkRefused(f"{_named(resource, key)} is not linked to anything in {target}", "outbox verify")
        _refuse_under_way(at, resource, key)
        _run(connection, "unlink_user" if resource == "users" else "forget", target, resource, key, why=why)
        return _enqueue(connection, target, resource, key)


def natural_name(resource: str, held: Held) -> str:
    """The e-mail of a user, the external id of a company; "" where it has none."""
    return str(held.columns.get("email" if resource == "users" else "external_id") or "")


def _refuse_link(at: Any, target: str, resource: str, key: Key, held: Held) -> None:
    if at.rows != 1:
        raise LinkRefused(
            f"{target}.{resource} has {'no' if not at.rows else at.rows} row {' '.join(key)}; "
            "what is linked to no row would be removed from the cloud"
        )
    if at.other is not None:
        raise LinkRefused(
            f"{held.remote_id} is linked to {_named(resource, at.other)} already", "unlink that, or link it elsewhere"
        )
    if at.making is not None:
        raise LinkRefused(
            f"{held.remote_id} may be what is being made for {_named(resource, at.making)}: nobody knows yet",
            "outbox status",
        )
    _refuse_under_way(at, resource, key)


def _refuse_under_way(at: Any, resource: str, key: Key) -> None:
    if at.under_way:
        raise LinkRefused(
            f"a call for {_named(resource, key)} is under way, or its outcome is not known yet",
            "once more in a minute; outbox status says what it waits for",
        )


def _named(resource: str, key: Key) -> str:
    return f"{resource} {' '.join(key)}"


def interrupt(connection: Connection, target: str) -> None:
    """Raises psycopg.Error in a restored or copied outbox: what is decided there is about another's clouds."""
    connection.execute(sqlfiles.read("decide/require_home.sql"))
    connection.execute(sqlfiles.read("link/interrupt_relay.sql"), {"target": target})


def _look_at(
    connection: Connection, target: str, resource: str, key: Key, remote_id: str | None, name: str | None
) -> Any:
    views = read_views(connection, target)
    if resource not in views:
        raise LinkRefused(f"there is no desired view {target}.{resource}")
    view = views[resource]
    query = sql.SQL(sqlfiles.read("link/look_at_key.sql")).format(
        **compose.common(view, "v"), view_match=compose.match_view(view, view.resource.key, exactly=False)
    )
    values = {"key": list(key), "remote_id": remote_id, "name": name, **{f"p{i}": [v] for i, v in enumerate(key)}}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query, values).fetchone()


def _enqueue(connection: Connection, target: str, resource: str, key: Key) -> int:
    children = [c for c in children_of_key(resource, key, 0) if c["resource"] in read_views(connection, target)]
    keys = [{"resource": resource, "key": key}, *({"resource": c["resource"], "via": c["key"]} for c in children)]
    row = connection.execute(sqlfiles.read("link/enqueue.sql"), {"target": target, "keys": json.dumps(keys)}).fetchone()
    assert row is not None
    return int(row[0])


def _run(connection: Connection, statement: str, target: str, resource: str, key: Key, **values: Any) -> None:
    given = {"target": target, "resource": resource, "key": list(key), **values}
    connection.execute(sqlfiles.read(f"link/{statement}.sql"), given)


def check_key(resource: str, key: Key) -> None:
    """Raises LinkRefused where it is not a whole key."""
    columns = RESOURCES[resource].key
    if len(key) != len(columns):
        raise LinkRefused(f"the key of {resource} is {', '.join(columns)}; {len(key)} values were given")
