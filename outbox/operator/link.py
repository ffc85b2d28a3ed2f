"""By hand: which object of the cloud a key is, or that it is not."""

from __future__ import annotations

from typing import Any

import psycopg

from outbox import sqlfiles
from outbox.database import Connection, deciding
from outbox.desired_views import read_views
from outbox.errors import LinkRefused
from outbox.relay.schedule import GIVEN_IDS
from outbox.resources import RESOURCES
from outbox.targets.delivery import Key
from outbox.targets.held import Held

REFUSED = "OB002"  # raised by outbox.link() and outbox.unlink()


def check_resource(resource: str) -> None:
    """Raises LinkRefused: the ids of all else are made of these."""
    if resource not in GIVEN_IDS:
        raise LinkRefused(f"{resource} are known by their user, company or code; link the user or the company")


def check_key(resource: str, key: Key) -> None:
    """Raises LinkRefused where it is not a whole key."""
    columns = RESOURCES[resource].key
    if len(key) != len(columns):
        raise LinkRefused(f"the key of {resource} is {', '.join(columns)}; {len(key)} values were given")


def link(connection: Connection, target: str, resource: str, key: Key, held: Held, why: str | None = None) -> int:
    """The key is this object from now on; answers the message that has it sent. Raises LinkRefused."""
    if resource not in read_views(connection, target):
        raise LinkRefused(f"there is no desired view {target}.{resource}")
    name = natural_name(resource, held) or None
    return _run(connection, "link", target, resource, key, remote_id=held.remote_id, name=name, why=why)


def unlink(connection: Connection, target: str, resource: str, key: Key, why: str | None = None) -> int:
    """A user's account is removed and he gets a new one; of a company the link is forgotten. Raises LinkRefused."""
    return _run(connection, "unlink", target, resource, key, why=why)


def natural_name(resource: str, held: Held) -> str:
    """The e-mail of a user, the external id of a company; "" where it has none."""
    return str(held.columns.get("email" if resource == "users" else "external_id") or "")


def _run(connection: Connection, statement: str, target: str, resource: str, key: Key, **values: Any) -> int:
    """Raises psycopg.Error in a restored or copied outbox: what is decided there is about another's clouds."""
    given = {"target": target, "resource": resource, "key": list(key), **values}
    try:
        with deciding(connection):
            row = connection.execute(sqlfiles.read(f"link/{statement}.sql"), given).fetchone()
    except psycopg.Error as e:
        if e.sqlstate != REFUSED:
            raise
        raise LinkRefused(e.diag.message_primary or str(e), e.diag.message_hint) from None
    assert row is not None
    return int(row[0])
