"""What is known of the two APIs: paths, scopes, field names. P published, C known from public clients, A assumed.

Each target module holds its own map, so that the day a vendor hands over its document only that place changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

USER_SCOPES = tuple(f"publicapi:user:{verb}" for verb in ("create", "read", "update", "delete"))  # C
TENANT_SCOPES = tuple(f"publicapi:tenant:{verb}" for verb in ("create", "read", "update", "delete"))  # C
ACCESS_SCOPES = ("publicapi:tenant:user:read", "publicapi:tenant:user:update")  # C
APP_SCOPES = (  # C
    "publicapi:tenant:application:create",
    "publicapi:tenant:userapplicationroles:read",
    "publicapi:tenant:userapplicationroles:update",
    "publicapi:application:read",
)


@dataclass(frozen=True)
class IdentityEndpoints:
    """Visma Connect's public API. The fields map the columns of a desired view to those of a request."""

    scopes: tuple[str, ...]
    users: str = "/users"  # C: POST, GET ?email=
    user: str = "/users/{user}"  # C: PUT, GET; A: DELETE
    tenants: str = "/tenants"  # C: POST, GET
    tenant: str = "/tenants/{tenant}"  # C: PUT, GET; A: DELETE
    tenant_search: str = "/search/tenants"  # C: GET ?external_id= &operator= &limit=; A: the other fields
    tenant_user: str = "/tenants/{tenant}/users/{user}"  # C: POST; A: DELETE
    tenant_users: str = "/tenants/{tenant}/users"  # C: GET
    tenant_app: str = "/tenants/{tenant}/applications/{app}"  # C: POST
    roles: str = "/tenants/{tenant}/applications/{app}/users/{user}/roles"  # C: PUT
    roles_of_user: str = "/tenants/applications/{app}/users/{user}"  # C: GET
    apps: str = "/applications"  # A: GET
    user_fields: Mapping[str, str] = field(  # C
        default_factory=lambda: {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "country_code": "country_code",
            "language": "preferred_language",
        }
    )
    tenant_fields: Mapping[str, str] = field(  # C
        default_factory=lambda: {
            "name": "organization_name",
            "kvk_number": "organization_number",
            "street": "address_1",
            "postal_code": "postal_code",
            "city": "city",
            "country_code": "country_code",
        }
    )
    external_id: str = "external_id"  # C
    business_unit: str = "business_unit_name"  # C
    id: str = "id"  # C
    users_list: str = "users"  # C: the field of an answer that holds the list; beside it total_pages, total_users
    tenants_list: str = "tenants"  # C
    apps_list: str = "applications"  # C


@dataclass(frozen=True)
class ErpEndpoints:
    """Visma.net ERP API, all P."""

    scopes: tuple[str, ...] = tuple(
        f"vismanet_erp_service_api:{verb}" for verb in ("create", "read", "update", "delete")
    )
    projects: str = "/project"  # POST, GET ?pageNumber=&pageSize=
    project: str = "/project/{code}"
    segment: str = "/dimension/SUBACCOUNT/{segment}"
    segment_value: str = "/dimension/SUBACCOUNT/{segment}/{value}"
    background: str = "/background/{job}"
    background_content: str = "/background/{job}/content"
