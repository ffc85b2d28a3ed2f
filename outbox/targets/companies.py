"""Companies are tenants in the cloud: known by our own external id, or else by country and KVK number."""

from __future__ import annotations

from typing import Any

from outbox.errors import CloudError, Refused
from outbox.targets.answers import Answer
from outbox.targets.api import Errand
from outbox.targets.delivery import Delivered, Delivery, Owner
from outbox.targets.keys import external_id
from outbox.targets.linked import Linked
from outbox.targets.pages import PER_PAGE, Item, items_of
from outbox.targets.wire import fill

_DEFAULT_COUNTRY = "NL"


class Companies(Linked):
    resource = "companies"

    @property
    def collection(self) -> str:
        return self.endpoints.tenants

    def item(self, remote_id: str) -> str:
        return fill(self.endpoints.tenant, tenant=remote_id)

    def body(self, delivery: Delivery) -> dict[str, Any]:
        document = delivery.document or {}
        fields = {field: document.get(column) for column, field in self.endpoints.tenant_fields.items()}
        country = self.endpoints.tenant_fields["country_code"]
        own = external_id(delivery.key, self.settings)
        unit = self.settings.business_unit_name
        return {
            **fields,
            country: fields[country] or _DEFAULT_COUNTRY,
            self.endpoints.external_id: own,
            **({self.endpoints.business_unit: unit} if unit else {}),
        }

    def contended(self, delivery: Delivery) -> tuple[str, ...]:
        kvk_number = (delivery.document or {}).get("kvk_number")
        return (external_id(delivery.key, self.settings), *([f"KVK {kvk_number}"] if kvk_number else []))

    async def find(self, natural_key: str, errand: Errand) -> list[Item]:
        field = self.endpoints.external_id
        return [i for i in await self._search(errand, {field: natural_key}) if i.text(field) == natural_key]

    async def candidates(self, delivery: Delivery, errand: Errand, owner: Owner) -> set[str]:
        found = await self.find(external_id(delivery.key, self.settings), errand)
        free = await self._free(found, delivery, owner)
        return free or await self._free(await self._same_number(delivery, errand), delivery, owner)

    async def taken(self, answer: Answer, delivery: Delivery, errand: Errand, owner: Owner) -> CloudError:
        return Refused(f"{answer.what} was answered {answer.status}: {answer.words}", http_status=answer.status)

    async def gone(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        return await self.create(delivery, errand, owner)

    async def _free(self, found: list[Item], delivery: Delivery, owner: Owner) -> set[str]:
        """Less those that another key has: two companies may share a number, each has a tenant of its own."""
        return {i.id for i in found if await self.claims.other(i.id, delivery.key, owner) is None}

    async def _same_number(self, delivery: Delivery, errand: Errand) -> list[Item]:
        """Tenants made by hand. One with an external id was made for something else: another company of this database
        whose create is not settled yet, or another database.
        """
        body = self.body(delivery)
        number, country = (self.endpoints.tenant_fields[c] for c in ("kvk_number", "country_code"))
        if not body[number]:
            return []
        found = await self._search(errand, {country: body[country], number: body[number]})
        same = (i for i in found if (i.text(number), i.text(country)) == (body[number], body[country]))
        return [i for i in same if not i.text(self.endpoints.external_id)]

    async def _search(self, errand: Errand, query: dict[str, str]) -> list[Item]:
        """All that fits all of the query (C): else what has the country alone would be found, and cut off."""
        asked: dict[str, str | int] = {**query, **({"operator": "AND"} if len(query) > 1 else {}), "limit": PER_PAGE}
        answer = await errand.call("GET", self.endpoints.tenant_search, query=asked)
        return items_of(answer, self.endpoints.tenants_list)
