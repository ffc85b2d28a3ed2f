"""Everything one running sandbox knows: the two clouds, and what a test has set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from outbox.sandbox.faults import Faults
from outbox.sandbox.journal import Journal
from outbox.sandbox.limits import Limits
from outbox.sandbox.state import Cloud, Settings, new_clouds
from outbox.sandbox.tokens import Tokens


@dataclass
class World:
    clouds: dict[str, Cloud] = field(default_factory=new_clouds)
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)
    tokens: Tokens = field(default_factory=Tokens)
    limits: Limits = field(default_factory=Limits)
    journal: Journal = field(default_factory=Journal)

    def reset(self) -> None:
        """Back to empty clouds and default settings. The app catalogue is the vendor's and stays; tokens stay valid."""
        self.clouds = {target: cloud.emptied() for target, cloud in self.clouds.items()}
        self.settings = Settings()
        self.faults.clear()
        self.limits.clear()
        self.journal.clear()

    def holdings(self) -> dict[str, Any]:
        return {target: cloud.holdings() for target, cloud in self.clouds.items()}
