"""Rows that go to and come from the statements of sql/relay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outbox.relay.schedule import Mirror, State
from outbox.targets.delivery import Key


@dataclass(frozen=True)
class Message:
    """A claimed message; key is None when `via` leads to it."""

    id: int
    transaction: int
    resource: str
    key: Key | None
    via: dict[str, Any] | None
    operation: str


@dataclass(frozen=True)
class Settled:
    """What becomes of some messages of one key and of its mirror row: one line of sql/relay/settle.sql.

    document: as sent, kept with the message; of what is held, the row as it is. From `mirror` on: its row; held is the
    document there. doubted: somebody else's doubt was seen when it was looked at, and no call was begun since, so it
    ends with this. withheld and batch: see outbox.message.
    """

    resource: str
    key: Key
    ids: tuple[int, ...]
    message_id: int
    status: str
    outcome: str | None = None
    http_status: int | None = None
    error: str | None = None
    wait_s: float | None = None
    uncounted: bool = False
    document: str | None = None
    mirror: str = "keep"
    remote_id: str | None = None
    in_doubt_s: float | None = None
    intent: str | None = None
    sending: tuple[str, ...] = ()
    parents: tuple[str | None, ...] = ()
    gone: bool = False
    etag: str | None = None
    held: str | None = None
    doubted: bool = False
    withheld: str | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Rival:
    """Another user of ours whose object in the cloud has the e-mail that is asked for. looked_at: he has a message
    that is pending, so waiting for him comes to an end.
    """

    key: Key
    remote_id: str | None
    in_doubt: bool
    stays: bool
    email: str | None
    ready: bool
    looked_at: bool


@dataclass(frozen=True)
class Successor:
    """A user in the view who has the e-mail of an object that may become his. emails: of an object that he has already,
    or may have (in_doubt). another: that one was made for somebody with other names and another e-mail."""

    key: Key
    in_doubt: bool
    has_object: bool
    emails: tuple[str, ...]
    another: bool


def claimed(rows: list[Any]) -> tuple[str, list[Message]]:
    messages = [
        Message(r.id, int(r.transaction), r.resource, tuple(r.key) if r.key is not None else None, r.via, r.operation)
        for r in rows
        if r.id is not None
    ]
    return rows[0].snapshot, messages


def state(resource: str, row: dict[str, Any]) -> State:
    mirror = (
        Mirror(
            row["remote_id"],
            row["held"],
            tuple(row["held_parents"]),
            row["in_doubt_s"],
            tuple(row["sending"]),
            row["etag"],
            row["intent"],
            row["unlinked"],
            row["gone"],
            row["confirmed"],
            row["doubted"],
        )
        if row["mirrored"]
        else None
    )
    return State(
        resource,
        tuple(row["key"]),
        lane=row["lane"],
        ids=tuple(row["ids"]),
        pending_ids=tuple(row["pending_ids"] or ()),
        attempts=row["attempts"] or 0,
        age_s=row["age_s"] or 0.0,
        registered=bool(row["registered"]),
        rows=row["rows"],
        document=row["document"],
        missing=tuple(row["missing"] or ()),
        withdrawn=row["withdrawn"],
        mirror=mirror,
        same=row["same"] and row["believed"],
        believed=row["believed"],
        parents=tuple(row["parents"]),
        user_gone=bool(row["user_gone"]),
        shared=row["shared"],
        approved=frozenset((row["approved"] or "").split()),
        rejected=row["rejected"],
        withheld=row["withheld"],
    )
