"""The cloud platforms: from a delivery to calls, and from answers to a result."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.errors import ConfigError
from outbox.targets.accountview_net import AccountViewNet
from outbox.targets.delivery import Target
from outbox.targets.listing import Listing
from outbox.targets.platform import Platform
from outbox.targets.rates import Gate
from outbox.targets.visma_net import VismaNet

_TARGETS: dict[str, type[AccountViewNet] | type[VismaNet]] = {"accountview_net": AccountViewNet, "visma_net": VismaNet}


def connect(settings: TargetSettings) -> Target:
    """The target of that name. Nothing is sent yet; ConfigError where a setting is missing or wrong."""
    return _platform(settings)


def read(settings: TargetSettings, gate: Gate) -> Listing:
    """The same for reading what it holds, on connections of its own; each call asks the gate."""
    platform = _platform(settings)
    platform.rates.gate = gate
    return Listing(platform)


def _platform(settings: TargetSettings) -> Platform:
    if settings.name not in _TARGETS:
        raise ConfigError(f"there is no target {settings.name!r}; there are {', '.join(_TARGETS)}")
    return _TARGETS[settings.name](settings)
