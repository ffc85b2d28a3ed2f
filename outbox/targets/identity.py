"""The identity API: users, companies, company_access, app_access."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.targets.access import AppAccess, deliver_company_access
from outbox.targets.api import Api, Errand
from outbox.targets.companies import Companies
from outbox.targets.delivery import Delivered, Delivery, Log, Owner
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.users import Users


class Identity:
    """One delivery of one of its resources at a time. Raises CloudError."""

    def __init__(self, api: Api, endpoints: IdentityEndpoints, settings: TargetSettings) -> None:
        self._api = api
        self._endpoints = endpoints
        self._users = Users(endpoints, settings)
        self._companies = Companies(endpoints, settings)
        self._app_access = AppAccess(endpoints)

    async def deliver(self, delivery: Delivery, owner: Owner, log: Log) -> Delivered:
        errand = Errand(self._api, (delivery,), log)
        match delivery.resource:
            case "users":
                return await self._users.deliver(delivery, errand, owner)
            case "companies":
                return await self._companies.deliver(delivery, errand, owner)
            case "company_access":
                return await deliver_company_access(delivery, errand, self._endpoints)
            case "app_access":
                return await self._app_access.deliver(delivery, errand)
        raise ValueError(f"{delivery.resource} is not of the identity API")
