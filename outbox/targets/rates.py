"""What a target says about its limits, and the gate before each call. Companies by code, "": the whole target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """limit: calls per window; remaining of them; resets_at: when the window has surely ended (seconds since the
    epoch); window_s: how long it is, 0 where that is not told.
    """

    limit: int
    remaining: int
    resets_at: float
    window_s: float = 0.0


def read_rate(headers: Mapping[str, str], now: float) -> Rate | None:
    """None where the answer has no complete set of X-RateLimit headers.

    >>> read_rate({"x-ratelimit-limit": "500", "x-ratelimit-remaining": "499", "x-ratelimit-reset": "60"}, 1000.0)
    Rate(limit=500, remaining=499, resets_at=1060.0, window_s=0.0)
    """
    values = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if not all(v.isascii() and v.isdigit() and len(v) < 10 for v in values):
        return None
    limit, remaining, reset_s = map(int, values)
    window = re.search(r"\bw=([0-9]{1,9})\b", headers.get("x-ratelimit-policy", ""), re.ASCII)
    return Rate(limit, remaining, now + reset_s, float(window[1]) if window else 0.0)


class Gate:
    """Who says whether a call may leave. This one lets all of them."""

    async def enter(self, company: str) -> None:
        """Before a call. Raises a CloudError where it must not leave."""

    def left(self, company: str, rate: Rate | None, answered: bool) -> None:
        """After a call, whatever became of it. rate: what the answer said of the limit; answered: it was an answer as a
        call should have.
        """

    async def obey(self, company: str, retry_after_s: float) -> None:
        """A Retry-After that was answered."""

    async def close(self) -> None: ...
