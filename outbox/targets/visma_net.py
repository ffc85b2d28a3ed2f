"""Visma.net: users, companies and their access, and the cost carriers of each company's ERP."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.targets.delivery import Delivery, Log, Outcome, Owner
from outbox.targets.endpoints import ACCESS_SCOPES, TENANT_SCOPES, USER_SCOPES, ErpEndpoints, IdentityEndpoints
from outbox.targets.erp import Erp
from outbox.targets.platform import Platform
from outbox.targets.rates import Gate

IDENTITY = IdentityEndpoints(scopes=USER_SCOPES + TENANT_SCOPES + ACCESS_SCOPES)


class VismaNet(Platform):
    def __init__(self, settings: TargetSettings, gate: Gate) -> None:
        super().__init__(settings, IDENTITY, gate)
        self.erp_api = self.api(f"erp_url of {self.name}", settings.erp_url, ErpEndpoints.scopes)
        self._erp = Erp(self.erp_api, settings)

    def group(self, delivery: Delivery) -> tuple[str, ...] | None:
        return self._erp.group(delivery)

    async def deliver(self, batch: list[Delivery], owner: Owner, log: Log) -> list[Outcome]:
        if batch and self.group(batch[0]) is not None:
            try:
                return await self._erp.deliver_values(batch, log)
            except Exception as error:  # noqa: BLE001 - a fault of ours is the outcome of all of them
                return [error] * len(batch)
        return await super().deliver(batch, owner, log)

    async def deliver_one(self, delivery: Delivery, owner: Owner, log: Log) -> Outcome:
        if delivery.resource == "projects":
            return await self._erp.deliver_project(delivery, log)
        return await super().deliver_one(delivery, owner, log)
