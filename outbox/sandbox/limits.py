"""Rate limits: a fixed window per target and company, told in four headers on every answer."""

from __future__ import annotations

import math

from outbox.sandbox.answers import Answer, Refusal
from outbox.sandbox.state import Settings


class Limits:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}  # -> (ends at, used)

    def clear(self) -> None:
        self._windows.clear()

    def spend(self, target: str, tenant: str, settings: Settings, now: float) -> dict[str, str]:
        """Counts one request and returns its headers. Raises Refusal (429) when the window is used up."""
        ends_at, used = self._windows.get((target, tenant), (0.0, 0))
        if now >= ends_at:
            ends_at, used = now + settings.rate_window_s, 0
        self._windows[target, tenant] = ends_at, used + 1
        reset = str(max(1, math.ceil(round(ends_at - now, 3))))  # floats: 3600.0000000002 is not 3601
        headers = {
            "X-RateLimit-Limit": str(settings.rate_limit),
            "X-RateLimit-Remaining": str(max(0, settings.rate_limit - used - 1)),
            "X-RateLimit-Reset": reset,
            "X-RateLimit-Policy": "4-fixed-window",  # P: a name, it tells no number
        }
        if used >= settings.rate_limit:
            body = {"message": f"API calls quota exceeded! maximum admitted {settings.rate_limit}."}
            raise Refusal(Answer(429, body, headers | {"Retry-After": reset}))
        return headers
