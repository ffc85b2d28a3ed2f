"""How things stand: who relays, what waits, what is stuck, and what to do about it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from outbox import sqlfiles

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Backlog:
    """What is not done of one resource. waiting: tried before and to be tried again, the last `error` being one of
    the reasons. oldest_s: age of the oldest pending message; next_due_s: until the first back-off ends.
    """

    resource: str
    pending: int
    held: int
    dead: int
    waiting: int
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


def next_steps(status: TargetStatus) -> list[str]:
    """What a person should do now, in words; nothing when all is well."""
    target, pending = status.target, status.count("pending")
    steps = []
    if status.active_since is None:
        steps.append(f"{target} waits for its first register: outbox register --target {target}")
    elif status.paused_at is not None:
        steps.append(f"{target} is paused ({status.why}); when that is put right: outbox resume {target}")
    elif pending and status.relay is None:
        steps.append(f"{target} has no relay: outbox relay")
    for stuck, what in (("held", "wait for a person"), ("dead", "were refused")):
        if status.count(stuck):
            steps.append(f"{target}: {status.count(stuck)} {stuck}, they {what}; why: sql/audit/{stuck}.sql")
    return steps
