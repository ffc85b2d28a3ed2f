"""What is not sent to now: paused (by a person, or because the cloud forbids), down, or over its limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from outbox import sqlfiles
from outbox.database import Connection
from outbox.relay.schedule import budget
from outbox.resources import company_of
from outbox.targets.delivery import Key
from outbox.words import Words


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

    def concerns(self, target: str, resource: str, key: Key) -> bool:
        """Is this key among what is not sent? A limit counts for those whose calls count against it."""
        company = company_of(resource, key) if self.kind == "paused" else budget(resource, key)
        return self.target == target and self.resource in ("", resource) and self.company in ("", company)

    @property
    def command(self) -> str | None:
        """What ends it; None: it ends by itself."""
        if self.kind != "paused":
            return None
        company = f"--company {self.company}" if self.company else ""
        return " ".join(x for x in ("outbox resume", self.target, self.resource, company) if x)


def describe(pause: Pause, say: Words) -> str:
    """One line: what is not sent, since or until when, and why."""
    names = {"what": name_in_words(pause, say), "why": say.reason(pause.why)}
    since = say.moment(pause.since) if pause.since else "-"
    until = f"{pause.until.astimezone():%H:%M:%S}" if pause.until else "-"
    if pause.kind == "paused":
        return say("{what} paused since {moment}: {why}", moment=since, **names)
    if pause.kind == "down":
        return say("{what} down since {moment}, next try {until}: {why}", moment=since, until=until, **names)
    if pause.kind == "used up":
        return say("{what} used up until {until}: {why}", until=until, **names)
    return say("{what} told to wait until {until}: {why}", until=until, **names)


def name_in_words(pause: Pause, say: Words) -> str:
    """projects of company 001 of Visma.net"""
    what = say.cloud(pause.target)
    if pause.company:
        what = say("{part} of {whole}", part=say("company {code}", code=pause.company), whole=what)
    return say("{part} of {whole}", part=say.resource(pause.resource), whole=what) if pause.resource else what


def read_pauses(connection: Connection) -> list[Pause]:
    with connection.cursor(row_factory=class_row(Pause)) as cursor:
        return cursor.execute(sqlfiles.read("status/pauses.sql")).fetchall()


def decide(
    connection: Connection, what: str, target: str, resource: str | None, company: str | None, reason: str | None
) -> bool:
    """what: pause (nothing is sent from now on; within a second, where a relay is at work) or resume. False: it is so
    already.
    """
    query = sql.SQL(sqlfiles.read("status/pause_or_resume.sql")).format(what=sql.Identifier(what))
    parameters = {"target": target, "resource": resource, "company": company, "reason": reason}
    row = connection.execute(query, parameters).fetchone()
    return bool(row and row[0])
