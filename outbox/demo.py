"""A database, both clouds and a relay in one process, and changes to watch: what `outbox demo` shows."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from outbox import database, embedded, sqlfiles
from outbox.config import CompanySettings, Secret, Settings
from outbox.errors import OutboxError

SOURCE = ("reference/schema.sql", "reference/data.sql", "views/accountview_net.sql", "views/visma_net.sql")
DRAIN_TIMEOUT_S = 120.0
KEPT_CALLS = 1000

# What a call means: method, end of the path, words.
_MEANINGS = (
    ("POST", r"/users", "user created and invited"),
    ("PUT", r"/users/[^/]+", "user updated"),
    ("DELETE", r"/users/[^/]+", "user removed"),
    ("POST", r"/tenants", "company created"),
    ("PUT", r"/tenants/[^/]+", "company updated"),
    ("DELETE", r"/tenants/[^/]+", "company removed"),
    ("POST", r"/tenants/[^/]+/users/[^/]+", "access given"),
    ("DELETE", r"/tenants/[^/]+/users/[^/]+", "access taken"),
    ("POST", r"/tenants/[^/]+/applications/[^/]+", "app put on a company"),
    ("PUT", r"/tenants/[^/]+/applications/[^/]+/users/[^/]+/roles", "roles in an app set"),
    ("POST", r"/project", "project created"),
    ("PUT", r"/project/[^/]+", "project updated"),
    ("PUT", r"/dimension/SUBACCOUNT/[^/]+", "cost types or cost centres written"),
)


@dataclass(frozen=True)
class Stage:
    """Everything that runs. dsn and page are what a person may connect to."""

    dsn: str
    page: str
    settings: Settings
    connection: database.Connection


@dataclass(frozen=True)
class Change:
    """One statement or a few, committed together."""

    title: str
    sql: str


@dataclass(frozen=True)
class Effect:
    """Calls of one kind that changed a cloud. *_ms: from the commit until the first and the last had come in."""

    target: str
    what: str
    times: int
    first_ms: float
    last_ms: float


@contextmanager
def stage() -> Iterator[Stage]:
    """An empty database and both clouds; everything is gone at the end."""
    from outbox import sandbox  # here, since it needs the extra

    with ExitStack() as running:
        dsn = running.enter_context(embedded.running())
        page = running.enter_context(sandbox.running())
        defaults = CompanySettings(template="STD")
        targets = {name: replace(reach, defaults=defaults) for name, reach in sandbox.settings(page).items()}
        connection = running.enter_context(database.connect(dsn))
        yield Stage(dsn, page, Settings(dsn=Secret(dsn), targets=targets), connection)


def create_source(connection: database.Connection) -> None:
    """The reference schema with its sample data, and the desired views over it."""
    with connection.transaction():
        for name in SOURCE:
            connection.execute(sqlfiles.read(name))


def changes() -> list[Change]:
    """Those in sql/reference/demo, in order; the first line of each file is its title."""
    texts = [f.read_text(encoding="utf-8") for f in sorted(sqlfiles.path("reference/demo").glob("*.sql"))]
    return [Change(title.removeprefix("-- "), rest.strip()) for title, _, rest in (t.partition("\n") for t in texts)]


def make(at: Stage, change: Change) -> list[Effect]:
    """Commit it, wait until nothing is pending, and answer what reached the clouds."""
    with at.connection.transaction():
        at.connection.execute(change.sql)
        committed_at = time.time()
    _drain(at)
    calls = read(at, f"/sandbox/requests?last={KEPT_CALLS}")["last"]
    return _effects([c for c in calls if c["at"] >= committed_at], committed_at)


def _drain(at: Stage) -> None:
    until = time.monotonic() + DRAIN_TIMEOUT_S
    while at.connection.execute(sqlfiles.read("status/is_pending.sql")).fetchone() == (True,):
        if time.monotonic() > until:
            raise OutboxError(f"the relay did not get through within {DRAIN_TIMEOUT_S:g} s", "outbox status")
        time.sleep(0.01)


def _effects(calls: Sequence[dict[str, Any]], committed_at: float) -> list[Effect]:
    """By kind, in the order in which the first of each came in."""
    kinds: dict[tuple[str, str], list[float]] = {}
    for call in calls:
        what = _meaning(call["method"], call["path"])
        if what and call["status"] is not None and call["status"] < 300:
            kinds.setdefault((call["target"], what), []).append((call["at"] - committed_at) * 1000)
    return [Effect(target, what, len(at_ms), min(at_ms), max(at_ms)) for (target, what), at_ms in kinds.items()]


def _meaning(method: str, path: str) -> str | None:
    """None: it only read.

    >>> _meaning("DELETE", "/visma_net/identity/v1.0/users/7f3a")
    'user removed'
    """
    for of, ending, what in _MEANINGS:
        if of == method and re.fullmatch(rf"/\w+/(identity|erp)/[^/]+{ending}", path):
            return what
    return None


def read(at: Stage, path: str) -> Any:
    """JSON from the sandbox."""
    connection = http.client.HTTPConnection(urlsplit(at.page).netloc, timeout=10)
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    finally:
        connection.close()
