"""Visma.net: users, companies and their access, and the cost carriers of each company's ERP: projects, cost_types,
cost_centres. Each call of the ERP is made with the token of one company.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

from outbox.config import TargetSettings
from outbox.errors import Refused
from outbox.targets.background import PatientErrand
from outbox.targets.delivery import Action, Delivered, Delivery, Log, Outcome, Owner
from outbox.targets.endpoints import ACCESS_SCOPES, TENANT_SCOPES, USER_SCOPES, ErpEndpoints, IdentityEndpoints
from outbox.targets.platform import Platform
from outbox.targets.projects import Projects
from outbox.targets.rates import Gate
from outbox.targets.segments import Segments
from outbox.targets.tokens import Company
from outbox.targets.wire import legal_id

IDENTITY = IdentityEndpoints(scopes=USER_SCOPES + TENANT_SCOPES + ACCESS_SCOPES)


class VismaNet(Platform):
    def __init__(self, settings: TargetSettings, gate: Gate) -> None:
        super().__init__(settings, IDENTITY, gate)
        self.erp_api = self._erp = self.api(f"erp_url of {self.name}", settings.erp_url, ErpEndpoints.scopes)
        self._projects = Projects(settings)
        self._segments = Segments(settings)

    def group(self, delivery: Delivery) -> tuple[str, ...] | None:
        """Values of one segment and company go out in one call."""
        return (delivery.resource, delivery.key[0]) if delivery.resource in ("cost_types", "cost_centres") else None

    async def deliver(self, batch: list[Delivery], owner: Owner, log: Log) -> list[Outcome]:
        if batch and self.group(batch[0]) is not None:
            try:
                return await self._deliver_values(batch, log)
            except Exception as error:  # noqa: BLE001 - a fault of ours is the outcome of all of them
                return [error] * len(batch)
        return await super().deliver(batch, owner, log)

    async def deliver_one(self, delivery: Delivery, owner: Owner, log: Log) -> Delivered:
        if delivery.resource != "projects":
            return await super().deliver_one(delivery, owner, log)
        company = _company(delivery)
        delivered = await self._projects.deliver(delivery, PatientErrand(self._erp, (delivery,), log, company))
        return replace(delivered, remote_id=f"{company.tenant}/{delivery.key[1]}")

    async def _deliver_values(self, batch: list[Delivery], log: Log) -> list[Outcome]:
        """A company that was made again has another tenant: removals from the old one are calls of their own."""
        parts: dict[Company, list[Delivery]] = defaultdict(list)
        for delivery in batch:
            parts[_company(delivery)].append(delivery)
        made = await asyncio.gather(
            *(
                self._segments.deliver(PatientErrand(self._erp, tuple(part), log, company), company)
                for company, part in parts.items()
            )
        )
        outcomes = {
            id(delivery): outcome
            for part, its in zip(parts.values(), made, strict=True)
            for delivery, outcome in zip(part, its, strict=True)
        }
        return [outcomes[id(delivery)] for delivery in batch]


def _company(delivery: Delivery) -> Company:
    """A removal is of what was made; everything else is of the company as it is now."""
    made_in = (delivery.remote_id or "").split("/", 1)[0]
    tenant = made_in if delivery.action is Action.REMOVE and made_in else next(iter(delivery.parents), "")
    if legal_id(tenant) is None:
        raise Refused(f"company {delivery.key[0]} has no usable tenant id in the ERP")
    return Company(delivery.key[0], tenant)
