"""What `check` looks at beside capture itself: whose database this is, the server, the queue, and the clouds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from outbox.capture.catalogue import rows
from outbox.config import TargetSettings
from outbox.database import Connection, is_standby
from outbox.errors import NotAllowed, OutboxError
from outbox.install.checks import Finding, Level
from outbox.install.identity import read_identity
from outbox.targets.endpoints import USER_SCOPES
from outbox.targets.http import MAX_ANSWER_BYTES, Http, Reply
from outbox.targets.tokens import Tokens

LONG_TRANSACTION_S = 900
OLD_MESSAGE_S = 300
CLOCK_OFF_S = 60
CLOUD_DEADLINE_S = 3.0


def look_around(connection: Connection) -> Iterator[Finding]:
    """The database and what waits in it. Wants an installed outbox."""
    yield from _identity(connection)
    if is_standby(connection):
        return
    found = rows(connection, "surroundings", {})[0]
    yield from _server(connection, found)
    yield from _queue(found)
    for t in rows(connection, "long_transactions", {"longer_than_s": LONG_TRANSACTION_S}):
        evidence = f"of {t['role']} ({t['application'] or 'no name'}, {t['state']}) is open for {t['seconds']} s"
        yield Finding("warning", t["what"], evidence, "end it")


def _identity(connection: Connection) -> Iterator[Finding]:
    identity = read_identity(connection)
    if not identity.is_home:
        evidence = f"{identity.describe()}; nothing is sent from here"
        yield Finding("broken", f"the outbox in database {identity.name}", evidence, "outbox adopt")


def _server(connection: Connection, found: dict[str, Any]) -> Iterator[Finding]:
    if found["synchronous_commit"] == "off" or found["fsync"] == "off":
        evidence = "may forget, in a crash, changes that a cloud has seen: fsync or synchronous_commit is off"
        yield Finding("warning", "the server", evidence, "set both on")
    if found["backend_pid"] != connection.info.backend_pid:
        evidence = "stands before the server; in transaction mode nobody can be woken by NOTIFY, so the relay polls"
        yield Finding("warning", "a pooler", evidence, "let the relay connect to the server itself")
    if abs(found["clock"] - time.time()) > CLOCK_OFF_S:
        evidence = f"differs from this machine's by {abs(found['clock'] - time.time()):.0f} s"
        yield Finding("warning", "the clock of the database server", evidence, "set both by NTP")


def _queue(found: dict[str, Any]) -> Iterator[Finding]:
    for target in found["unverified"]:
        evidence = "may hold something else than the mirror says, since a restore or a fail-over"
        yield Finding("warning", target, evidence, "outbox verify --repair")
    if (found["oldest_s"] or 0) > OLD_MESSAGE_S:
        evidence = f"waits for {found['oldest_s']:.0f} s, and no back-off is the reason"
        yield Finding("warning", "the oldest pending message", evidence, "outbox status")
    for status, one, many in (
        ("held", "waits for a person", "wait for a person"),
        ("dead", "was refused", "were refused"),
    ):
        if found[status] == 1:
            yield Finding("warning", f"1 {status} message", one, "outbox status")
        elif found[status]:
            yield Finding("warning", f"{found[status]} {status} messages", many, "outbox status")


def look_at_clouds(targets: Iterable[TargetSettings]) -> list[Finding]:
    """Is a token to be had, and what time is it there? Asks only clouds whose client is set, three seconds at most."""

    async def ask() -> list[Finding]:
        each = await asyncio.gather(*(_look_at_cloud(t) for t in targets if t.client_id and t.client_secret))
        return [finding for found in each for finding in found]

    return asyncio.run(ask())


async def _look_at_cloud(settings: TargetSettings) -> list[Finding]:
    deadline_s = min(CLOUD_DEADLINE_S, settings.deadline_s)
    http = _Dated(connections=1, deadline_s=deadline_s, allow_private=settings.allow_private_hosts)
    try:
        await Tokens(http, settings).get(" ".join(USER_SCOPES), None)
    except OutboxError as e:
        level: Level = "broken" if isinstance(e, NotAllowed) else "unknown"
        evidence = f"cannot be had: {e.why.removeprefix(f'no token for {settings.name}: ')}"
        return [Finding(level, f"a token of {settings.name}", evidence, "look at its settings, and at the network")]
    finally:
        await http.close()
    if http.off_s is not None and abs(http.off_s) > CLOCK_OFF_S:
        evidence = f"is {abs(http.off_s):.0f} s {'ahead of' if http.off_s > 0 else 'behind'} that of {settings.name}"
        return [Finding("warning", "this machine's clock", evidence, "set it by NTP")]
    return []


class _Dated(Http):
    """off_s: how far this machine's clock is ahead of the Date in the last answer."""

    off_s: float | None = None

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        largest_bytes: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        reply = await super().send(method, url, headers, content, largest_bytes)
        with contextlib.suppress(KeyError, ValueError):
            self.off_s = time.time() - parsedate_to_datetime(reply.headers["date"]).timestamp()
        return reply
