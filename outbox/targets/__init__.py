"""The cloud platforms: from a delivery to calls, and from answers to a result."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.errors import ConfigError
from outbox.targets.accountview_net import AccountViewNet
from outbox.targets.platform import Platform
from outbox.targets.rates import Gate
from outbox.targets.visma_net import VismaNet

_TARGETS: dict[str, type[AccountViewNet] | type[VismaNet]] = {"accountview_net": AccountViewNet, "visma_net": VismaNet}


def connect(settings: TargetSettings, gate: Gate | None = None) -> Platform:
    """The target of that name; each call asks the gate. Nothing is sent yet; ConfigError where a setting is missing or
    wrong.
    """
    if settings.name not in _TARGETS:
        raise ConfigError(f"there is no target {settings.name!r}; there are {', '.join(_TARGETS)}")
    return _TARGETS[settings.name](settings, gate or Gate())
