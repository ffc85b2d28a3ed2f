"""What each command prints as --json: the schema that tests/cli/test_table.py holds them to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outbox.explain.facts import Facts
from outbox.operator.decide import Stuck
from outbox.operator.erase import Erased
from outbox.operator.pauses import Pause
from outbox.operator.prune import Pruned, Retention
from outbox.operator.status import TargetStatus
from outbox.register.preview import Activation, Excess, Preview


@dataclass(frozen=True)
class Adopted:
    adopted: bool
    database: str


@dataclass(frozen=True)
class Became:
    target: str
    resource: str
    key: list[str]
    became: str
    why: str | None


@dataclass(frozen=True)
class Registered:
    """The preview, with its sums, and then what became of it."""

    previews: list[Preview]
    activations: list[Activation]
    excesses: list[Excess]
    calls: int
    seconds: float
    removals: int
    invitations: int
    pending: int
    totals: dict[str, int]
    rows: list[Became]


@dataclass(frozen=True)
class Explained:
    answer: str
    next: str
    facts: Facts


@dataclass(frozen=True)
class Object:
    """Something that verify found. kind: missing, different, unmanaged."""

    kind: str
    key: list[str] | None
    remote_id: str | None
    name: str
    what: str
    set_back: bool


@dataclass(frozen=True)
class Compared:
    target: str
    resource: str
    result: str
    started_at: str
    listed: int
    findings: list[Object]
    set_back: int
    why: str | None
    unread: list[str]
    missing: int
    different: int
    unmanaged: int


@dataclass(frozen=True)
class Compares:
    verified: list[Compared]


@dataclass(frozen=True)
class App:
    target: str
    app_code: str
    name: str
    vendor: str | None
    vanished_at: str | None
    refreshed_at: str


@dataclass(frozen=True)
class Apps:
    apps: list[App]


@dataclass(frozen=True)
class AppsPulled:
    target: str
    listed: int
    new: int
    back: int
    vanished: int


@dataclass(frozen=True)
class Linked:
    target: str
    resource: str
    key: list[str]
    remote_id: str | None
    message: int
    relay: str | None


@dataclass(frozen=True)
class Decided:
    decision: str
    messages: list[int]
    keys: list[Stuck]
    left: list[Stuck]


@dataclass(frozen=True)
class Standing:
    targets: list[TargetStatus]
    pauses: list[Pause]
    next: list[str]


@dataclass(frozen=True)
class Changed:
    target: str
    resource: str | None
    company: str | None
    changed: bool


@dataclass(frozen=True)
class Forgotten(Pruned):
    dry_run: bool
    keep_days: Retention


@dataclass(frozen=True, kw_only=True)
class Forgot(Erased):
    user: str | None
    dry_run: bool


@dataclass(frozen=True)
class Setting:
    name: str
    value: Any
    origin: str
    help: str
