"""What a verify finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outbox.targets.delivery import Key

SHOWN_NAMES = 5


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
    """One resource. result: equal, different, unknown (then `why`). unread: the companies of which nothing is known;
    the others were compared all the same. listed: objects that the target has. set_back: keys for which a message was
    written.
    """

    target: str
    resource: str
    result: str
    started_at: datetime
    listed: int = 0
    findings: tuple[Finding, ...] = ()
    set_back: int = 0
    why: str | None = None
    unread: tuple[str, ...] = ()

    @property
    def in_part(self) -> str:
        """Of which companies it is unknown; "" where that is said of the whole."""
        return f"of company {_some(self.unread)}" if self.unread else ""

    def count(self, kind: str) -> int:
        return sum(f.kind == kind for f in self.findings)


def _some(names: tuple[str, ...]) -> str:
    """
    >>> _some(("001", "002")), _some(("1", "2", "3", "4", "5", "6"))
    ('001, 002', '1, 2, 3, 4 and 2 more')
    """
    if len(names) <= SHOWN_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: SHOWN_NAMES - 1])} and {len(names) - SHOWN_NAMES + 1} more"
