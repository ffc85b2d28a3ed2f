"""Pure: when to try again, and when to stop trying."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """base_s doubles with every attempt up to cap_s. A message is dead after `attempts` attempts, but not before
    give_up_s have passed since its change: a target that is away for a night must not kill what was sent at nine.
    """

    attempts: int = 12
    give_up_s: float = 86_400.0
    base_s: float = 1.0
    cap_s: float = 3_600.0

    def is_over(self, attempts: int, age_s: float) -> bool:
        """Has the message been tried often enough, and long enough?

        >>> Patience().is_over(12, 90_000), Patience().is_over(12, 60), Patience().is_over(3, 90_000)
        (True, False, False)
        """
        return attempts >= self.attempts and age_s >= self.give_up_s

    def wait_s(self, attempts: int) -> float:
        """Full jitter: uniform between nothing and the back-off, so that many failures do not come back at once.

        >>> all(0 <= Patience().wait_s(3) <= 8 for _ in range(100)), Patience().wait_s(10_000) <= 3_600
        (True, True)
        """
        return random.uniform(0, min(self.cap_s, self.base_s * 2.0 ** min(attempts, 30)))  # noqa: S311 - jitter, no secret
