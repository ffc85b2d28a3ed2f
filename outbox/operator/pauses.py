"""What is not sent to now: paused (by a person, or because the cloud forbids), down, or over its limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from outbox import sqlfiles

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Pause:
    """resource and company "": all of them. kind: paused, down, told to wait, used up. until None: until a person
    resumes it; of what is down, when it is tried next.
    """

    target: str
    resource: str
    company: str
    kind: str
    since: datetime | None
    until: datetime | None
    why: str

    @property
    def what(self) -> str:
        """In words: "visma_net", "projects of visma_net", "company 001 of visma_net"."""
        return name_part(self.target, self.resource or None, self.company or None)

    @property
    def command(self) -> str | None:
        """What ends it; None: it ends by itself."""
        if self.kind != "paused":
            return None
        company = f"--company {self.company}" if self.company else ""
        return " ".join(x for x in ("outbox resume", self.target, self.resource, company) if x)


def name_part(target: str, resource: str | None, company: str | None) -> str:
    """name_part("visma_net", "projects", "001") is "projects of company 001 of visma_net"."""
    return " of ".join(x for x in (resource, f"company {company}" if company else None, target) if x)


def read_pauses(connection: Connection) -> list[Pause]:
    with connection.cursor(row_factory=class_row(Pause)) as cursor:
        return cursor.execute(sqlfiles.read("status/pauses.sql")).fetchall()


def pause(connection: Connection, target: str, resource: str | None, company: str | None, reason: str) -> bool:
    """Nothing is sent from now on (within a second, where a relay is at work); False: it was paused already."""
    return _decide(connection, "pause", target, resource, company, reason)


def resume(connection: Connection, target: str, resource: str | None, company: str | None, reason: str | None) -> bool:
    """It is sent again; False: nothing of the kind was paused."""
    return _decide(connection, "resume", target, resource, company, reason)


def _decide(
    connection: Connection, what: str, target: str, resource: str | None, company: str | None, reason: str | None
) -> bool:
    parameters = {"target": target, "resource": resource, "company": company, "reason": reason}
    row = connection.execute(sqlfiles.read(f"status/{what}.sql"), parameters).fetchone()
    return bool(row and row[0])
