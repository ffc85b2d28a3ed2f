"""What a target said last about its limits, per company ("": the whole target)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """limit: calls per window; remaining of them; resets_at: when the window ends (seconds since the epoch)."""

    limit: int
    remaining: int
    resets_at: float


def read_rate(headers: Mapping[str, str], now: float) -> Rate | None:
    """None where the answer has no complete set of X-RateLimit headers.

    >>> read_rate({"x-ratelimit-limit": "500", "x-ratelimit-remaining": "499", "x-ratelimit-reset": "60"}, 1000.0)
    Rate(limit=500, remaining=499, resets_at=1060.0)
    """
    values = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if not all(v.isascii() and v.isdigit() and len(v) < 10 for v in values):
        return None
    limit, remaining, reset_s = map(int, values)
    return Rate(limit, remaining, now + reset_s)


class Rates(dict[str, Rate]):
    """company code -> the last rate seen."""

    def note(self, company: str, headers: Mapping[str, str]) -> None:
        rate = read_rate(headers, time.time())
        if rate is not None:
            self[company] = rate
