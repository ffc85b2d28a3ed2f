"""Approve, reject, retry, skip: what persons decide about what is held or dead. The functions of the schema do it, so
that an application's windows can; here it is looked up first, so that a person decides about what he has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql
from psycopg.rows import class_row

from outbox import sqlfiles
from outbox.database import Connection, deciding


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    SKIP = "skip"


@dataclass(frozen=True)
class About:
    """What is meant. All that is given must fit; at least a target, a batch or messages."""

    target: str | None = None
    resource: str | None = None
    key: tuple[str, ...] = ()
    batch: int | None = None
    messages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stuck:
    """One key and its messages that are not done. status and error: of the newest; statuses: all of them. withheld:
    what an approval would let pass. key None: a message that is not expanded.
    """

    target: str
    resource: str
    key: list[str] | None
    status: str
    withheld: str | None
    batch: int | None
    error: str | None
    messages: list[int]
    statuses: list[str]

    def takes(self, decision: Decision) -> bool:
        """Is this decision one about it?"""
        held = "held" in self.statuses
        match decision:
            case Decision.APPROVE:
                return held and self.withheld is not None
            case Decision.REJECT:
                return held
            case Decision.SKIP:
                return held or "dead" in self.statuses
            case Decision.RETRY:
                return self.statuses != ["held"] or self.withheld is None


def find(connection: Connection, about: About) -> list[Stuck]:
    """What is stuck of what is meant, in order of target, resource and key. Reads only."""
    with connection.cursor(row_factory=class_row(Stuck)) as cursor:
        parameters = {
            "target": about.target,
            "resource": about.resource,
            "key": list(about.key) or None,
            "batch": about.batch,
            "messages": list(about.messages) or None,
        }
        return cursor.execute(sqlfiles.read("decide/stuck.sql"), parameters).fetchall()


def decide(connection: Connection, decision: Decision, stuck: Sequence[Stuck], why: str | None) -> list[int]:
    """Decides about these, one transaction. Answers the ids of the messages that were written (approve, retry) or ended
    (reject, skip); none: somebody else was faster.
    """
    call = sql.SQL(sqlfiles.read("decide/decide.sql")).format(decision=sql.Identifier(decision))
    with deciding(connection):
        ids = [id_ for s in stuck for id_ in s.messages]
        return [id_ for (id_,) in connection.execute(call, {"messages": ids, "why": why}).fetchall()]
