"""Who may open which company, and with which roles in which app. Idempotent, under ids made of the parents'."""

from __future__ import annotations

from outbox.targets.answers import Verdict
from outbox.targets.api import Errand
from outbox.targets.delivery import Action, Delivered, Delivery
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.keys import known_remote_id
from outbox.targets.wire import fill


async def deliver_company_access(delivery: Delivery, errand: Errand, endpoints: IdentityEndpoints) -> Delivered:
    """Raises Transient where user or tenant is not there (yet); a removal of what is not there is done."""
    remote_id = _remote_id(delivery)
    tenant, user = remote_id.split("/")
    path = fill(endpoints.tenant_user, tenant=tenant, user=user)
    if delivery.action is Action.REMOVE:
        answer = await errand.call("DELETE", path, also=(Verdict.NOT_FOUND,))
    else:
        answer = await errand.call("POST", path, also=(Verdict.EXISTS,))
    return Delivered(remote_id, http_status=answer.status)


class AppAccess:
    """The whole set of roles of a user in an app of a company. An app is put on a tenant before its first role."""

    def __init__(self, endpoints: IdentityEndpoints) -> None:
        self._endpoints = endpoints
        self._put: set[tuple[str, str]] = set()

    async def deliver(self, delivery: Delivery, errand: Errand) -> Delivered:
        remote_id = _remote_id(delivery)
        tenant, user, app = remote_id.split("/", 2)
        path = fill(self._endpoints.roles, tenant=tenant, app=app, user=user)
        if delivery.action is Action.REMOVE:
            answer = await errand.call("PUT", path, {"roles": []}, also=(Verdict.NOT_FOUND,))
            return Delivered(remote_id, http_status=answer.status)
        await self._put_on_tenant(tenant, app, errand)
        roles = (delivery.document or {}).get("roles") or []
        try:
            answer = await errand.call("PUT", path, {"roles": roles})
        except Exception:
            self._put.discard((tenant, app))  # perhaps somebody took it off; put it on again next time
            raise
        return Delivered(remote_id, http_status=answer.status)

    async def _put_on_tenant(self, tenant: str, app: str, errand: Errand) -> None:
        if (tenant, app) not in self._put:
            path = fill(self._endpoints.tenant_app, tenant=tenant, app=app)
            await errand.call("POST", path, also=(Verdict.EXISTS,))
            self._put.add((tenant, app))


def _remote_id(delivery: Delivery) -> str:
    """A removal is of what was made; everything else is of the parents as they are now."""
    if delivery.action is Action.REMOVE and delivery.remote_id is not None:
        return delivery.remote_id
    remote_id = known_remote_id(delivery.resource, delivery.key, delivery.parents)
    if remote_id is None or delivery.action is Action.LOOK:
        raise ValueError(f"{delivery.action} of {delivery.resource}: the id is known, there is nothing to look for")
    return remote_id
