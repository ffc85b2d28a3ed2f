"""Why is a row in a cloud, or why not: all that the database knows of one key. Reads only, with or without a relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from outbox import sqlfiles
from outbox.database import Connection, pin
from outbox.desired_views import read_views
from outbox.explain.absence import TIMEOUT_S, Absence, examine
from outbox.operator.pauses import Pause, read_pauses
from outbox.relay import compose
from outbox.relay.compose import View
from outbox.relay.schedule import parents_of
from outbox.targets.delivery import Key


@dataclass(frozen=True)
class Row:
    """The row of the view. rows: how often it is there."""

    rows: int
    document: dict[str, Any] | None
    missing: tuple[str, ...]
    withdrawn: bool


@dataclass(frozen=True)
class Mirrored:
    """What the cloud acknowledged. in_doubt: since when a call's outcome is not known, and what it was to do. gone: the
    cloud was found to hold it no longer.
    """

    remote_id: str | None
    document: dict[str, Any] | None
    confirmed_at: datetime | None
    in_doubt: datetime | None
    intent: str | None
    message_id: int | None
    same: bool
    gone: bool


@dataclass(frozen=True)
class Open:
    """A message that is not done. withheld: what an approval would let pass, None where none could; batch: what one
    brake held together.
    """

    id: int
    status: str
    operation: str
    source: str | None
    changed_at: datetime
    changed_by: str
    attempts: int
    due_at: datetime | None
    http_status: int | None
    error: str | None
    withheld: str | None
    batch: int | None


@dataclass(frozen=True)
class Attempt:
    started_at: datetime
    method: str
    path: str
    http_status: int | None
    took_ms: float
    error: str | None


@dataclass(frozen=True)
class Decision:
    """resource, key: what it was about, which may be more than this key; None is everything."""

    decided_at: datetime
    decided_by: str
    decision: str
    resource: str | None
    key: list[str] | None
    why: str | None


@dataclass(frozen=True)
class Ended:
    """The last message that is over."""

    id: int
    became: str
    settled_at: datetime
    changed_by: str


@dataclass(frozen=True)
class Sending:
    """Of the target. home: False in a restored or copied database, which sends nothing. relay: who holds its lease.
    pauses: what stands in the way of this very key.
    """

    active_since: datetime | None
    home: bool
    relay: str | None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True)
class Facts:
    """view: False, there is none; unreadable: why it cannot be read. coarse: pending messages that may be about this
    key too. parents: in the order of the resource's parents. absence, ended: looked for only where nothing else is.
    """

    target: str
    resource: str
    key: Key
    sending: Sending
    view: bool = True
    unreadable: str | None = None
    row: Row | None = None
    mirrored: Mirrored | None = None
    messages: tuple[Open, ...] = ()
    coarse: int = 0
    attempts: tuple[Attempt, ...] = ()
    decisions: tuple[Decision, ...] = ()
    parents: tuple[Facts, ...] = ()
    absence: Absence | None = None
    ended: Ended | None = None

    def stuck(self, status: str) -> Open | None:
        """The newest message that is held, or dead, or pending."""
        return next((m for m in reversed(self.messages) if m.status == status), None)

    @property
    def declined(self) -> Decision | None:
        """What a person decided against since the cloud was last brought up to date."""
        last = self.decisions[0] if self.decisions else None
        since = self.mirrored.confirmed_at if self.mirrored else None
        own = last is not None and last.decision in ("reject", "skip") and last.key == list(self.key)
        return last if own and last and (since is None or since < last.decided_at) else None

    @property
    def in_cloud(self) -> bool:
        """Who is gone from the cloud took what he may open with him."""
        gone = any(f.mirrored is not None and f.mirrored.gone for f in (self, *self.parents))
        return self.mirrored is not None and self.mirrored.remote_id is not None and not gone


def explain(connection: Connection, target: str, resource: str, key: Key) -> Facts:
    """Wants a connection in autocommit, and a key with all its values."""
    views, pauses = read_views(connection, target), read_pauses(connection)
    return _explain(connection, views, pauses, target, resource, key)


def _explain(
    connection: Connection, views: dict[str, View], pauses: Sequence[Pause], target: str, resource: str, key: Key
) -> Facts:
    row, mirrored, unreadable = _row(connection, views.get(resource), target, resource, key)
    messages = tuple(Open(**m) for m in _all(connection, "messages", target, resource, key))
    absent = row is None and unreadable is None and resource in views
    ended = _ended(connection, target, resource, key) if absent and not mirrored and not messages else None
    last = mirrored.message_id if mirrored else ended.id if ended else None
    return Facts(
        target,
        resource,
        key,
        sending=Sending(
            **_all(connection, "target", target)[0],
            pauses=tuple(p for p in pauses if p.concerns(target, resource, key)),
        ),
        view=resource in views,
        unreadable=unreadable,
        row=row,
        mirrored=mirrored,
        messages=messages,
        coarse=_all(connection, "coarse", target, resource, key)[0]["count"],
        attempts=tuple(
            Attempt(**a) for a in _all(connection, "attempts", target, ids=[*(m.id for m in messages), last])
        ),
        decisions=tuple(Decision(**d) for d in _all(connection, "decisions", target, resource, key)),
        parents=tuple(_explain(connection, views, pauses, target, r, k) for r, k in parents_of(resource, key)),
        absence=examine(connection, views[resource], key) if absent else None,
        ended=ended,
    )


def _row(
    connection: Connection, view: View | None, target: str, resource: str, key: Key
) -> tuple[Row | None, Mirrored | None, str | None]:
    """(row of the view, mirror, why the view cannot be read)"""
    if view is None:
        return None, _mirrored(_all(connection, "mirror", target, resource, key)), None
    query = sql.SQL(sqlfiles.read("explain/row.sql")).format(
        **compose.common(view, "w"),
        view_match=compose.match_view(view, view.resource.key, exactly=False),
    )
    parameters = {"key": list(key), **{f"p{i}": [value] for i, value in enumerate(key)}}
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            found: Any = cursor.execute(query, parameters).fetchone()
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError) as e:
        mirrored = _mirrored(_all(connection, "mirror", target, resource, key))
        if isinstance(e, psycopg.errors.InvalidTextRepresentation):
            return None, mirrored, None  # a value that the key cannot have: no row, and the conditions say so
        return None, mirrored, e.diag.message_primary or type(e).__name__
    row = Row(found["rows"], found["document"], tuple(found["missing"]), found["withdrawn"]) if found["rows"] else None
    return row, _mirrored([found] if found["mirrored"] else []), None


def _mirrored(found: Sequence[dict[str, Any]]) -> Mirrored | None:
    if not found:
        return None
    m = found[0]
    return Mirrored(
        m["remote_id"],
        m["held"],
        m["confirmed_at"],
        m["in_doubt"],
        m["intent"],
        m["message_id"],
        bool(m.get("same")),
        m["gone"],
    )


def _ended(connection: Connection, target: str, resource: str, key: Key) -> Ended | None:
    try:
        with connection.transaction():
            pin(connection, {"statement_timeout": f"{TIMEOUT_S}s"})
            found = _all(connection, "last_message", target, resource, key)
    except psycopg.errors.QueryCanceled:
        return None
    return Ended(**found[0]) if found else None


def _all(
    connection: Connection, name: str, target: str, resource: str | None = None, key: Key = (), **more: Any
) -> list[dict[str, Any]]:
    parameters = {"target": target, "resource": resource, "key": list(key), **more}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sqlfiles.read(f"explain/{name}.sql"), parameters).fetchall()
