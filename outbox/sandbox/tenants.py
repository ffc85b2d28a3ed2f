"""The rules of the identity API: companies (tenants) and access to them."""

from __future__ import annotations

import re
from typing import Any

from outbox.sandbox.answers import Answer, Call, identity_refusal
from outbox.sandbox.lag import hide_later, listed, show_later
from outbox.sandbox.paging import LARGEST_PAGE, paged
from outbox.sandbox.state import Cloud
from outbox.sandbox.users import find_user

_KVK = re.compile(r"\d{8}")
_EMPTY = dict.fromkeys(("organization_number", "address_1", "postal_code", "city", "external_id"))


def find_tenant(cloud: Cloud, tenant: str) -> dict[str, Any]:
    if tenant not in cloud.tenants:
        raise identity_refusal(404, "ERROR_TENANT_NOT_FOUND", "No tenant with this id belongs to the client.")
    return cloud.tenants[tenant]


def _check_tenant(cloud: Cloud, tenant: dict[str, Any]) -> None:
    number, external_id = tenant["organization_number"], tenant["external_id"]
    if number is not None and tenant["country_code"] == "NL" and not _KVK.fullmatch(number):
        raise identity_refusal(422, "ERROR_INVALID_ORGANIZATION_NUMBER", "A KVK number has eight digits.")
    if cloud.tenant_of_external_id.get(external_id, tenant["id"]) != tenant["id"]:
        raise identity_refusal(409, "ERROR_EXTERNAL_ID_ALREADY_ADDED", "The external id is already used.")


def _index(cloud: Cloud, tenant: dict[str, Any]) -> None:
    if tenant["external_id"] is not None:
        cloud.tenant_of_external_id[tenant["external_id"]] = tenant["id"]


def create_tenant(cloud: Cloud, call: Call) -> Answer:
    tenant = {"id": cloud.new_id(), **_EMPTY, **call.body}
    _check_tenant(cloud, tenant)
    cloud.tenants[tenant["id"]] = tenant
    _index(cloud, tenant)
    show_later(cloud, tenant["id"], call)
    return Answer(201, tenant, note=f"company {tenant['organization_name']} created")


def update_tenant(cloud: Cloud, call: Call) -> Answer:
    tenant = find_tenant(cloud, call.params[0])
    changed = tenant | call.body
    _check_tenant(cloud, changed)
    cloud.tenant_of_external_id.pop(tenant["external_id"], None)
    tenant.update(changed)
    _index(cloud, tenant)
    return Answer(200, tenant, note=f"company {tenant['organization_name']} updated")


def read_tenant(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, find_tenant(cloud, call.params[0]))


def remove_tenant(cloud: Cloud, call: Call) -> Answer:
    """Everything in the company goes with it."""
    tenant = find_tenant(cloud, call.params[0])
    hide_later(cloud, "tenants", tenant, call)
    del cloud.tenants[tenant["id"]]
    cloud.tenant_of_external_id.pop(tenant["external_id"], None)
    for children in (cloud.tenant_users, cloud.tenant_apps, cloud.projects, cloud.segments):
        children.pop(tenant["id"], None)
    for key in [key for key in cloud.roles if key[0] == tenant["id"]]:
        del cloud.roles[key]
    return Answer(204, note=f"company {tenant['organization_name']} removed")


def list_tenants(cloud: Cloud, call: Call) -> Answer:
    return paged("tenants", listed(cloud, "tenants", cloud.tenants.values(), call), call)


def search_tenants(cloud: Cloud, call: Call) -> Answer:
    """By external_id, or by country_code and organization_number; of two, an operator says whether both have to fit or
    either will do (the vendor's page on Connect: then it is required).
    """
    wanted = {name: value for name, value in call.query.items() if name not in ("operator", "limit")}
    limit, operator = call.query.get("limit", "20"), call.query.get("operator", "" if len(wanted) > 1 else "OR")
    if wanted.keys() not in ({"external_id"}, {"country_code", "organization_number"}):
        raise identity_refusal(
            422, "ERROR_INVALID_REQUEST", "Search by external_id, or by country_code and organization_number."
        )
    if operator not in ("AND", "OR") or not (limit.isascii() and limit.isdigit() and 0 < int(limit) <= LARGEST_PAGE):
        raise identity_refusal(422, "ERROR_INVALID_REQUEST", f"operator is AND or OR, limit 1 to {LARGEST_PAGE}.")
    tenants = list(cloud.tenants.values())
    if "external_id" in wanted:
        found = cloud.tenant_of_external_id.get(wanted["external_id"])
        tenants = [cloud.tenants[found]] if found else []
    fits = all if operator == "AND" else any
    shown = listed(cloud, "tenants", tenants, call)
    hits = [tenant for tenant in shown if fits(tenant[name] == value for name, value in wanted.items())]
    return Answer(200, {"tenants": hits[: int(limit)]})


def list_tenant_users(cloud: Cloud, call: Call) -> Answer:
    tenant = find_tenant(cloud, call.params[0])
    ids = sorted(cloud.tenant_users.get(tenant["id"], ()))
    names = ("id", "email", "first_name", "last_name")
    return paged("users", [{name: cloud.users[id_][name] for name in names} for id_ in ids], call)


def give_access(cloud: Cloud, call: Call) -> Answer:
    tenant, user = find_tenant(cloud, call.params[0]), find_user(cloud, call.params[1])
    cloud.tenant_users.setdefault(tenant["id"], set()).add(user["id"])
    return Answer(204, note=f"{user['email']} may open {tenant['organization_name']}")


def take_access(cloud: Cloud, call: Call) -> Answer:
    """Roles stay: what they hang on is the user and the company, see `set_roles`."""
    tenant, user = find_tenant(cloud, call.params[0]), find_user(cloud, call.params[1])
    if user["id"] not in cloud.tenant_users.get(tenant["id"], ()):
        raise identity_refusal(404, "ERROR_USER_NOT_FOUND", "The user has no access to this tenant.")
    cloud.tenant_users[tenant["id"]].remove(user["id"])
    return Answer(204, note=f"{user['email']} may no longer open {tenant['organization_name']}")
