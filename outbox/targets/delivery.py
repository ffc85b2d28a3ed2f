"""What the relay hands to a target, and what it gets back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Document = dict[str, Any]
Key = tuple[str, ...]


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    LOOK = "look"  # in doubt and no remote id known: find out what the cloud holds, write nothing


@dataclass(frozen=True)
class Delivery:
    """One key to make true in one target.

    parents: remote ids in the order of the resource's parents, e.g. (user, tenant) of an access.
    acknowledged: what the target was sent last and took; None: that is not known.
    sending: natural keys (e-mail, external id) of every attempt that is not yet cleared up.
    in_doubt: an earlier call for this key may or may not have been applied.
    """

    resource: str
    key: Key
    action: Action
    message_id: int
    document: Document | None = None
    acknowledged: Document | None = None
    remote_id: str | None = None
    parents: tuple[str, ...] = ()
    etag: str | None = None
    sending: tuple[str, ...] = ()
    in_doubt: bool = False


@dataclass(frozen=True)
class Call:
    """One HTTP call, for outbox.attempt. The path without the query, which may hold an e-mail address."""

    method: str
    path: str
    started_at: float  # of the monotonic clock
    took_ms: float
    http_status: int | None
    error: str | None


@dataclass(frozen=True)
class Delivered:
    """The target now holds the document (CREATE, UPDATE), or no longer holds the key (REMOVE).

    After LOOK: remote_id is what was found, None when the target does not hold the key.
    adopted: the object was there already and is linked now, nobody was invited.
    """

    remote_id: str | None = None
    etag: str | None = None
    http_status: int | None = None
    adopted: bool = False


Owner = Callable[[str, str], Awaitable[Key | None]]
"""(resource, remote id) -> the live key of ours that is linked to it. Asked before anything found is adopted."""

Outcome = Delivered | Exception
"""Delivered or a CloudError; any other exception is a fault of ours and is treated as in doubt."""

Log = Callable[[Delivery, Call], None]
