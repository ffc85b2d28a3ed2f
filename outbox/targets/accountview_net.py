"""AccountView.Net: users, companies, their access, and roles in apps."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.targets.endpoints import ACCESS_SCOPES, APP_SCOPES, TENANT_SCOPES, USER_SCOPES, IdentityEndpoints
from outbox.targets.platform import Platform
from outbox.targets.rates import Gate

IDENTITY = IdentityEndpoints(scopes=USER_SCOPES + TENANT_SCOPES + ACCESS_SCOPES + APP_SCOPES)


class AccountViewNet(Platform):
    has_apps = True

    def __init__(self, settings: TargetSettings, gate: Gate) -> None:
        super().__init__(settings, IDENTITY, gate)
