"""Users: known by their e-mail address until they are linked. A new one gets an invitation, so none is made twice."""

from __future__ import annotations

from typing import Any

from outbox.errors import Ambiguous, CloudError
from outbox.targets.answers import Answer
from outbox.targets.api import Errand
from outbox.targets.delivery import Delivered, Delivery, Owner
from outbox.targets.linked import Linked
from outbox.targets.pages import Item, read_pages
from outbox.targets.wire import fill

_DEFAULTS = {"language": "nl", "country_code": "NL"}


class Users(Linked):
    resource = "users"

    @property
    def collection(self) -> str:
        return self.endpoints.users

    def item(self, remote_id: str) -> str:
        return fill(self.endpoints.user, user=remote_id)

    def body(self, delivery: Delivery) -> dict[str, Any]:
        document = delivery.document or {}
        return {
            field: document.get(column) or _DEFAULTS.get(column) for column, field in self.endpoints.user_fields.items()
        }

    def contended(self, delivery: Delivery) -> tuple[str, ...]:
        return (_email(delivery).lower(),)

    async def find(self, natural_key: str, errand: Errand) -> list[Item]:
        field = self.endpoints.user_fields["email"]
        items = await read_pages(errand, self.endpoints.users, self.endpoints.users_list, {field: natural_key})
        # The search may be wider than asked for; only the same address is the same user.
        return [i for i in items if i.text(field).lower() == natural_key.lower()]

    async def candidates(self, delivery: Delivery, errand: Errand, owner: Owner) -> set[str]:
        found = await self.find(_email(delivery), errand)
        for item in found:
            other = await self.claims.other(item.id, delivery.key, owner)
            if other is not None:
                raise _in_use(f"user {' '.join(other)}")
        return {item.id for item in found}

    async def taken(self, answer: Answer, delivery: Delivery, errand: Errand, owner: Owner) -> CloudError:
        for item in await self.find(_email(delivery), errand):
            other = await self.claims.other(item.id, delivery.key, owner)
            if other is not None:
                return _in_use(f"user {' '.join(other)}", answer.status)
        return _in_use("an account that nobody here is linked to", answer.status)

    async def gone(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        raise Ambiguous("gone from the cloud; approve to create again", http_status=404)


def _email(delivery: Delivery) -> str:
    return str((delivery.document or {}).get("email") or "")


def _in_use(by: str, http_status: int | None = None) -> Ambiguous:
    return Ambiguous(f"the e-mail address belongs to {by} in the cloud", http_status=http_status)
