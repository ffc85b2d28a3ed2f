"""What both targets are made of: connections, tokens and the identity API, with users, companies and their access."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.errors import ConfigError
from outbox.targets.access import AppAccess, deliver_company_access
from outbox.targets.api import Api, Errand
from outbox.targets.companies import Companies
from outbox.targets.delivery import Delivered, Delivery, Log, Outcome, Owner
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.hosts import check_url
from outbox.targets.http import Http
from outbox.targets.rates import Gate
from outbox.targets.tokens import Tokens
from outbox.targets.users import Users


class Platform:
    """A target that serves the identity API."""

    erp_api: Api | None = None
    has_apps = False

    def __init__(self, settings: TargetSettings, endpoints: IdentityEndpoints, gate: Gate) -> None:
        if not settings.client_id or not settings.client_secret.reveal():
            raise ConfigError(f"target {settings.name} needs client_id and client_secret")
        self.name = settings.name
        self.settings = settings
        self.gate = gate
        check_url(f"token_url of {self.name}", settings.token_url, allow_private=settings.allow_private_hosts)
        self._http = Http(
            connections=settings.concurrency,
            deadline_s=settings.deadline_s,
            allow_private=settings.allow_private_hosts,
        )
        self._tokens = Tokens(self._http, settings)
        self.endpoints = endpoints
        self.identity_api = self.api(f"identity_url of {self.name}", settings.identity_url, endpoints.scopes)
        self._users = Users(endpoints, settings)
        self._companies = Companies(endpoints, settings)
        self._app_access = AppAccess(endpoints)

    def api(self, setting: str, url: str, scopes: tuple[str, ...]) -> Api:
        """One of the target's APIs, over its connections and tokens."""
        base = check_url(setting, url, allow_private=self.settings.allow_private_hosts)
        per_company = self.settings.company_concurrency
        return Api(self._http, self._tokens, self.gate, url=base, scopes=scopes, per_company=per_company)

    def group(self, delivery: Delivery) -> tuple[str, ...] | None:
        """Deliveries of the same group go out in one call; None: on its own."""
        return None

    async def deliver(self, batch: list[Delivery], owner: Owner, log: Log) -> list[Outcome]:
        """Of one group; one outcome each."""
        return [await self._outcome(delivery, owner, log) for delivery in batch]

    async def _outcome(self, delivery: Delivery, owner: Owner, log: Log) -> Outcome:
        try:
            return await self.deliver_one(delivery, owner, log)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one delivery is its outcome, too
            return error

    async def deliver_one(self, delivery: Delivery, owner: Owner, log: Log) -> Delivered:
        """Raises CloudError."""
        errand = Errand(self.identity_api, (delivery,), log)
        match delivery.resource:
            case "users":
                return await self._users.deliver(delivery, errand, owner)
            case "companies":
                return await self._companies.deliver(delivery, errand, owner)
            case "company_access":
                return await deliver_company_access(delivery, errand, self.endpoints)
            case "app_access":
                return await self._app_access.deliver(delivery, errand)
        raise ValueError(f"{delivery.resource} is not of the identity API")

    async def close(self) -> None:
        """All of it, also where the closing itself is cancelled."""
        try:
            await self._tokens.close()
            await self._http.close()
        finally:
            await self.gate.close()
