"""The ERP API: projects, cost_types, cost_centres. Each call is made with the token of one company."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

from outbox.config import TargetSettings
from outbox.errors import Refused
from outbox.targets.api import Api
from outbox.targets.background import PatientErrand
from outbox.targets.delivery import Action, Delivery, Log, Outcome
from outbox.targets.projects import Projects
from outbox.targets.segments import Segments
from outbox.targets.tokens import Company
from outbox.targets.wire import legal_id

BATCHED = frozenset({"cost_types", "cost_centres"})


class Erp:
    def __init__(self, api: Api, settings: TargetSettings) -> None:
        self._api = api
        self._projects = Projects(settings)
        self._segments = Segments(settings)

    def group(self, delivery: Delivery) -> tuple[str, ...] | None:
        """Values of one segment and company go out in one call."""
        return (delivery.resource, delivery.key[0]) if delivery.resource in BATCHED else None

    async def deliver_project(self, delivery: Delivery, log: Log) -> Outcome:
        """Raises CloudError."""
        company = _company(delivery)
        delivered = await self._projects.deliver(delivery, self._errand((delivery,), company, log))
        return replace(delivered, remote_id=f"{company.tenant}/{delivery.key[1]}")

    async def deliver_values(self, batch: list[Delivery], log: Log) -> list[Outcome]:
        """A company that was made again has another tenant: removals from the old one are calls of their own."""
        parts: dict[Company, list[Delivery]] = defaultdict(list)
        for delivery in batch:
            parts[_company(delivery)].append(delivery)
        made = await asyncio.gather(
            *(
                self._segments.deliver(self._errand(tuple(part), company, log), company)
                for company, part in parts.items()
            )
        )
        outcomes = {
            id(delivery): outcome
            for part, its in zip(parts.values(), made, strict=True)
            for delivery, outcome in zip(part, its, strict=True)
        }
        return [outcomes[id(delivery)] for delivery in batch]

    def _errand(self, batch: tuple[Delivery, ...], company: Company, log: Log) -> PatientErrand:
        return PatientErrand(self._api, batch, log, company)


def _company(delivery: Delivery) -> Company:
    """A removal is of what was made; everything else is of the company as it is now."""
    made_in = (delivery.remote_id or "").split("/", 1)[0]
    tenant = made_in if delivery.action is Action.REMOVE and made_in else next(iter(delivery.parents), "")
    if legal_id(tenant) is None:
        raise Refused(f"company {delivery.key[0]} has no usable tenant id in the ERP")
    return Company(delivery.key[0], tenant)
