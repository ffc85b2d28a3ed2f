"""How things stand: who relays, what waits, what is stuck, and what to do about it. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import dict_row

from outbox import sqlfiles
from outbox.database import Connection
from outbox.words import Words


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
class Relay:
    """holder: host/process-number/target. lanes: those that it serves; 0: it stands by."""

    holder: str
    since: datetime
    lanes: int


@dataclass(frozen=True)
class TargetStatus:
    """active_since None: it waits for its first register. relays: those alive, the oldest first. verified_at: since
    when all that was compared is known; None: never. missing, different: objects, unknown: resources, as the last
    verify of each found them. verify_since: a restore or fail-over that nobody has compared since.
    """

    target: str
    active_since: datetime | None
    paused_at: datetime | None
    why: str | None
    verify_since: datetime | None
    lanes: int
    verified_at: datetime | None
    missing: int
    different: int
    unknown: int
    relays: tuple[Relay, ...]
    backlog: tuple[Backlog, ...]

    def count(self, column: str) -> int:
        return sum(getattr(b, column) for b in self.backlog)


def read_status(connection: Connection) -> list[TargetStatus]:
    with connection.cursor(row_factory=dict_row) as cursor:
        resources = cursor.execute(sqlfiles.read("status/resources.sql")).fetchall()
        alive = cursor.execute(sqlfiles.read("status/relays.sql")).fetchall()
        targets = cursor.execute(sqlfiles.read("status/targets.sql")).fetchall()
    backlogs, relays = defaultdict[str, list[Backlog]](list), defaultdict[str, list[Relay]](list)
    for row in resources:
        backlogs[row.pop("target")].append(Backlog(**row))
    for row in alive:
        relays[row.pop("target")].append(Relay(**row))
    return [
        TargetStatus(**row, relays=tuple(relays[row["target"]]), backlog=tuple(backlogs[row["target"]]))
        for row in targets
    ]


def next_steps(targets: Sequence[TargetStatus], say: Words) -> list[str]:
    """What a person should do now, in words, the most urgent first; nothing when all is well."""
    kinds = (_not_sent, _stuck, _in_doubt, _unlike)
    return [step for kind in kinds for target in targets if (step := kind(target, say))]


def _not_sent(status: TargetStatus, say: Words) -> str | None:
    cloud = say.cloud(status.target)
    if status.active_since is None:
        command = f"outbox register --target {status.target}"
        return say("{cloud} waits for its first register: {command}", command=command, cloud=cloud)
    if status.paused_at is not None:
        why, command = cut(say.reason(status.why)), f"outbox resume {status.target}"
        return say("paused: {what} ({why}); when that is put right: {command}", what=cloud, why=why, command=command)
    if status.count("pending") and not any(r.lanes for r in status.relays):
        return say("{cloud} has no relay: {command}", command="outbox relay", cloud=cloud)
    return None


def _stuck(status: TargetStatus, say: Words) -> str | None:
    counts = {"held": status.count("held"), "dead": status.count("dead")}
    if not any(counts.values()):
        return None
    return say(
        "{cloud}: {rows} for a person; which and why: {commands}",
        cloud=say.cloud(status.target),
        rows=say.count(sum(counts.values()), "row"),
        commands=say.listed([f"outbox audit {name}" for name, number in counts.items() if number]),
    )


def _in_doubt(status: TargetStatus, say: Words) -> str | None:
    doubt, command = status.count("in_doubt"), f"outbox register --target {status.target}"
    if not doubt or status.count("pending"):
        return None
    rows = say.count(doubt, "row")
    return say(
        "{cloud}: {rows} in doubt, and nothing under way: {command}",
        rows=rows,
        command=command,
        cloud=say.cloud(status.target),
    )


def _unlike(status: TargetStatus, say: Words) -> str | None:
    names = {"cloud": say.cloud(status.target), "command": f"outbox verify {status.target}"}
    if status.verify_since is not None:
        return say("{cloud} has to be compared after a restore or a fail-over: {command}", **names)
    if status.missing or status.different:
        return say("{cloud} is not as it should be; what differs: {command}", **names)
    return say("{cloud} could not be compared whole: {command}", **names) if status.unknown else None


def cut(text: str, length: int = 60) -> str:
    """What somebody wrote, where it has to fit a line."""
    return text if len(text) <= length else text[: length - 3] + "..."
