"""What a verify finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outbox.targets.delivery import Key


@dataclass(frozen=True)
class Finding:
    """One object. kind: missing, different, unmanaged (nobody here made it). name: what a person knows it by. what: in
    words. set_back: a message can put it right.
    """

    resource: str
    kind: str
    key: Key | None
    remote_id: str | None
    name: str
    what: str
    set_back: bool = True

    @property
    def is_ours(self) -> bool:
        return self.kind != "unmanaged"


@dataclass(frozen=True)
class Verified:
    """One resource. result: equal, different, unknown (then `why`). listed: objects that the target has. set_back:
    keys for which a message was written.
    """

    target: str
    resource: str
    result: str
    started_at: datetime
    listed: int = 0
    findings: tuple[Finding, ...] = ()
    set_back: int = 0
    why: str | None = None

    def count(self, kind: str) -> int:
        return sum(f.kind == kind for f in self.findings)
