"""How things stand: who relays, what waits, what is stuck, and what to do about it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from outbox import sqlfiles
from outbox.words import Words

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Backlog:
    """What is not done of one resource. waiting: tried before and to be tried again, the last `error` being one of
    the reasons. held, dead: keys. in_doubt: keys of which a call's outcome has not been known for a while. oldest_s:
    age of the oldest pending message; next_due_s: until the first back-off ends.
    """

    resource: str
    pending: int
    held: int
    dead: int
    waiting: int
    in_doubt: int
    error: str | None
    oldest_s: float | None
    next_due_s: float | None


@dataclass(frozen=True)
class TargetStatus:
    """active_since None: it waits for its first register. relay: who holds the lease."""

    target: str
    active_since: datetime | None
    paused_at: datetime | None
    why: str | None
    relay: str | None
    lease_until: datetime | None
    backlog: tuple[Backlog, ...]

    def count(self, column: str) -> int:
        return sum(getattr(b, column) for b in self.backlog)


def read_status(connection: Connection) -> list[TargetStatus]:
    with connection.cursor(row_factory=dict_row) as cursor:
        resources = cursor.execute(sqlfiles.read("status/resources.sql")).fetchall()
        targets = cursor.execute(sqlfiles.read("status/targets.sql")).fetchall()
    backlogs: dict[str, list[Backlog]] = {}
    for row in resources:
        backlogs.setdefault(row.pop("target"), []).append(Backlog(**row))
    return [TargetStatus(**row, backlog=tuple(backlogs.get(row["target"], ()))) for row in targets]


def next_steps(status: TargetStatus, say: Words) -> list[str]:
    """What a person should do now, in words; nothing when all is well."""
    names = {"cloud": say.cloud(status.target)}
    steps = []
    if status.active_since is None:
        command = f"outbox register --target {status.target}"
        steps.append(say("{cloud} waits for its first register: {command}", command=command, **names))
    elif status.paused_at is not None:
        command, why = f"outbox resume {status.target}", say.reason(status.why)
        text = say("{cloud} is paused ({why}); when that is put right: {command}", why=why, command=command, **names)
        steps.append(text)
    elif status.count("pending") and status.relay is None:
        steps.append(say("{cloud} has no relay: {command}", command="outbox relay", **names))
    if held := status.count("held"):
        rows = say.count(held, "row")
        steps.append(say("{cloud}: {rows} to decide about; why: {command}", rows=rows, command=_audit("held"), **names))
    if dead := status.count("dead"):
        rows = say.count(dead, "row")
        steps.append(say("{cloud}: {rows} refused; why: {command}", rows=rows, command=_audit("dead"), **names))
    if (doubt := status.count("in_doubt")) and status.count("pending") == 0:
        rows = say.count(doubt, "row")
        command = f"outbox register --target {status.target}"
        steps.append(
            say("{cloud}: {rows} in doubt, and nothing under way: {command}", rows=rows, command=command, **names)
        )
    return steps


def _audit(question: str) -> str:
    return f"outbox audit {question}"
