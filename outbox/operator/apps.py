"""The app catalogue: what a target offers, third parties' apps included, in outbox.application. No source table is
written: an application that grants apps reads this one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from outbox import sqlfiles
from outbox.errors import CloudUnavailable
from outbox.relay.connection import Connection as Relay
from outbox.targets.listing import Listing
from outbox.targets.replies import clean


@dataclass(frozen=True)
class Pulled:
    """How many apps are listed; new, listed again, and not listed any more since the last time."""

    listed: int
    new: int
    back: int
    vanished: int


async def pull(connection: Relay, listing: Listing) -> Pulled:
    """Raises CloudError where the list cannot be read whole, CloudUnavailable where it is empty: nothing changes."""
    apps = [
        {"app_code": code, "name": _text(fields.get("name")) or code, "vendor": _text(fields.get("vendor"))}
        for code, fields in (await listing.apps()).items()
    ]
    if not apps:
        raise CloudUnavailable(f"{listing.name} lists no app at all; that changes nothing", "outbox apps pull, later")
    given = {"target": listing.name, "apps": json.dumps(apps)}
    (row,) = await connection.rows(sqlfiles.read("apps/refresh.sql"), given)
    return Pulled(**row._asdict())


def read_apps(connection: Connection[Any]) -> list[dict[str, Any]]:
    """target, app_code, name, vendor, vanished_at, refreshed_at of each."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sqlfiles.read("apps/list.sql")).fetchall()


def _text(value: object) -> str | None:
    return clean(str(value)) or None if value else None
