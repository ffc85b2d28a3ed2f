"""What the sandbox holds for a target, by our own keys and in the views' own columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from outbox.config import TargetSettings
from outbox.targets.delivery import Document, Key
from tests.witness.desired import Desired, Rows

_USER = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "country_code": "country_code",
    "language": "preferred_language",
}
_COMPANY = {
    "name": "organization_name",
    "kvk_number": "organization_number",
    "street": "address_1",
    "postal_code": "postal_code",
    "city": "city",
    "country_code": "country_code",
}
_PROJECT = {"description": "description", "start_date": "startDate", "end_date": "endDate", "status": "status"}
Held = dict[Key, Document]


@dataclass(frozen=True)
class Holdings:
    """strangers: the e-mail or external id of users and companies that belong to no key."""

    resources: dict[str, Held]
    strangers: dict[str, list[str]]


def read_holdings(state: Mapping[str, Any], desired: Desired, settings: TargetSettings) -> Holdings:
    """state: of one target, as /sandbox/state shows it."""
    emails = {id_: user["email"].lower() for id_, user in state["users"].items()}
    external_ids = {id_: tenant["external_id"] or "" for id_, tenant in state["tenants"].items()}
    users = _assign("users", emails, desired, lambda key, row: (row.get("email") or "").lower())
    tenants = _assign("companies", external_ids, desired, lambda key, row: settings.licence_prefix + key[0])
    strangers = {
        "users": sorted(emails[i] for i in emails.keys() - users.keys()),
        "companies": sorted(external_ids[i] or i for i in external_ids.keys() - tenants.keys()),
    }
    return Holdings(
        {
            "users": {key: _columns(state["users"][i], _USER) for i, key in users.items()},
            "companies": {key: _columns(state["tenants"][i], _COMPANY) for i, key in tenants.items()},
            "company_access": {
                users[user] + tenants[tenant]: {}
                for tenant, user in state["tenant_users"]
                if user in users and tenant in tenants
            },
            "app_access": {
                (*users[user], *tenants[tenant], app): {"roles": sorted(roles)}
                for tenant, app, user, roles in state["roles"]
                if user in users and tenant in tenants
            },
            **_erp(state, tenants, settings),
        },
        strangers,
    )


def _assign(
    resource: str, names: Mapping[str, str], desired: Desired, name_of: Callable[[Key, Document], str]
) -> dict[str, Key]:
    """Object id -> key. First what the mirror says of the keys that need not be equal; then the natural keys of the
    rows that must be; last, for what is left, all names by which a key that need not be equal may be known.
    """
    rows = desired.resources.get(resource, Rows())
    links = {key: link for (r, key), link in desired.links.items() if r == resource and key in rows.exempt}
    assigned = {link.remote_id: key for key, link in links.items() if link.remote_id in names}
    loose = {name_of(key, row): key for key, row in {**rows.ready, **rows.not_ready}.items() if key in rows.exempt}
    loose |= {name.lower() if resource == "users" else name: k for k, link in links.items() for name in link.sending}
    for by_name in ({name_of(key, row): key for key, row in rows.binding.items()}, loose):
        taken = set(assigned.values())
        free = {i: by_name[name] for i, name in names.items() if i not in assigned and name in by_name}
        assigned |= {i: key for i, key in free.items() if key not in taken}
    return {i: key for i, key in assigned.items() if i is not None}


def _erp(state: Mapping[str, Any], tenants: Mapping[str, Key], settings: TargetSettings) -> dict[str, Held]:
    """A project that was removed is still there: its status says that it is over."""
    segments = {"cost_types": settings.cost_type_segment, "cost_centres": settings.cost_centre_segment}
    held: dict[str, Held] = {"projects": {}}
    for tenant, code, project in _each(state["projects"], tenants):
        held["projects"][(*tenants[tenant], code)] = _columns(project, _PROJECT)
    for resource, number in segments.items():
        values = {tenant: of.get(str(number), {}) for tenant, of in state["segments"].items()}
        held[resource] = {(*tenants[tenant], code): dict(value) for tenant, code, value in _each(values, tenants)}
    return held


def _each(by_tenant: Mapping[str, Mapping[str, Any]], tenants: Mapping[str, Key]) -> Iterable[tuple[str, str, Any]]:
    return ((t, code, value) for t, of in by_tenant.items() if t in tenants for code, value in of.items())


def _columns(held: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    return {column: held[name] for column, name in names.items()}
