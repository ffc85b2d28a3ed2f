"""The part of the vendor's two APIs that the outbox uses, in our own words: one table of endpoints.

The sandbox routes, authorises and validates from this table alone, and the client's tests hold its requests against
it. Each endpoint says how far it can be trusted: published by Visma, known from public client libraries, or assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Mark(StrEnum):
    """Where the knowledge comes from."""

    PUBLISHED = "P"
    KNOWN = "C"
    ASSUMED = "A"


class Api(StrEnum):
    """The two APIs, as they stand in a sandbox URL."""

    IDENTITY = "identity"
    ERP = "erp"


class Kind(StrEnum):
    """What a body field holds."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    DATE_TIME = "date_time"  # 2024-01-01T00:00:00
    EMAIL = "email"
    COUNTRY = "country"  # ISO 3166 alpha-2, upper case
    LANGUAGE = "language"  # nl, en-GB
    TEXTS = "texts"  # a set of texts
    OBJECTS = "objects"  # a list of objects with `items`


@dataclass(frozen=True)
class Field:
    """One field of a request body.

    wrapped: the ERP's `{"value": x}`. blank: may be empty or white space. error: the identity API's code for a bad
    value.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    nullable: bool = False
    wrapped: bool = False
    blank: bool = False
    longest: int = 255
    choices: tuple[str, ...] = ()
    items: tuple[Field, ...] = ()
    error: str = "ERROR_INVALID_REQUEST"


@dataclass(frozen=True)
class Endpoint:
    """One operation. `path` is relative to the API's base; `name` is also the rule's function name."""

    api: Api
    name: str
    method: str
    path: str
    scope: str
    mark: Mark
    body: tuple[Field, ...] | None = None
    query: tuple[str, ...] = ()


def _all_optional(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(field, required=False) for field in fields)


_USER = (
    Field("email", Kind.EMAIL, required=True, error="ERROR_INVALID_EMAIL"),
    Field("first_name", required=True, error="ERROR_INVALID_FIRST_NAME"),
    Field("last_name", required=True, error="ERROR_INVALID_LAST_NAME"),
    Field("country_code", Kind.COUNTRY, error="ERROR_INVALID_COUNTRY_CODE"),
    Field("preferred_language", Kind.LANGUAGE, error="ERROR_INVALID_PREFERRED_LANGUAGE"),
)

_TENANT = (
    Field("organization_name", required=True, error="ERROR_INVALID_ORGANIZATION_NAME"),
    Field("organization_number", nullable=True, error="ERROR_INVALID_ORGANIZATION_NUMBER"),
    Field("address_1", nullable=True, blank=True),
    Field("postal_code", nullable=True, blank=True),
    Field("city", nullable=True, blank=True),
    Field("country_code", Kind.COUNTRY, required=True, error="ERROR_INVALID_COUNTRY_CODE"),
    Field("external_id", nullable=True),
    Field("business_unit_name", error="ERROR_INVALID_BUSINESS_UNIT_NAME"),
)

PROJECT_STATUSES = ("Planned", "Active", "Completed", "Cancelled", "OnHold", "PendingApproval")

# ProjectUpdateDto serves POST and PUT alike, so description and startDate are required in both.
_PROJECT = (
    Field("projectID", wrapped=True, longest=30),
    Field("description", required=True, wrapped=True),
    Field("startDate", Kind.DATE_TIME, required=True, wrapped=True),
    Field("endDate", Kind.DATE_TIME, nullable=True, wrapped=True),
    Field("status", nullable=True, wrapped=True, choices=PROJECT_STATUSES),
    Field("hold", Kind.FLAG, nullable=True, wrapped=True),
    Field("template", nullable=True, wrapped=True, longest=30),
    Field(
        "defSub",
        Kind.OBJECTS,
        items=(Field("segmentId", Kind.NUMBER, required=True), Field("segmentValue", required=True)),
    ),
)

_SEGMENT = (
    Field(
        "segmentValues",
        Kind.OBJECTS,
        required=True,
        items=(
            Field("operation", required=True, choices=("Insert", "Update", "Delete")),
            Field("value", required=True),
            Field("description", wrapped=True, nullable=True, blank=True),
            Field("active", Kind.FLAG, wrapped=True),
        ),
    ),
)

_ROLES = (Field("roles", Kind.TEXTS, required=True),)
_PAGING = ("page", "per_page")

_USERS = "publicapi:user"
_TENANTS = "publicapi:tenant"
_ACCESS = "publicapi:tenant:user"
_APPS = "publicapi:tenant:application"
_APP_ROLES = "publicapi:tenant:userapplicationroles"
_ERP = "vismanet_erp_service_api"

_ID, _P, _C, _A = Api.IDENTITY, Mark.PUBLISHED, Mark.KNOWN, Mark.ASSUMED

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(_ID, "create_user", "POST", "/users", f"{_USERS}:create", _C, body=_USER),
    Endpoint(_ID, "list_users", "GET", "/users", f"{_USERS}:read", _C, query=("email", *_PAGING)),
    Endpoint(_ID, "read_user", "GET", "/users/{user}", f"{_USERS}:read", _C),
    Endpoint(_ID, "update_user", "PUT", "/users/{user}", f"{_USERS}:update", _C, body=_all_optional(_USER)),
    Endpoint(_ID, "remove_user", "DELETE", "/users/{user}", f"{_USERS}:delete", _A),
    Endpoint(_ID, "create_tenant", "POST", "/tenants", f"{_TENANTS}:create", _C, body=_TENANT),
    Endpoint(_ID, "list_tenants", "GET", "/tenants", f"{_TENANTS}:read", _C, query=_PAGING),
    Endpoint(_ID, "read_tenant", "GET", "/tenants/{tenant}", f"{_TENANTS}:read", _C),
    Endpoint(_ID, "update_tenant", "PUT", "/tenants/{tenant}", f"{_TENANTS}:update", _C, body=_all_optional(_TENANT)),
    Endpoint(_ID, "remove_tenant", "DELETE", "/tenants/{tenant}", f"{_TENANTS}:delete", _A),
    Endpoint(
        _ID,
        "search_tenants",
        "GET",
        "/search/tenants",
        f"{_TENANTS}:read",
        _C,
        query=("external_id", "country_code", "organization_number", "operator", "limit"),
    ),
    Endpoint(_ID, "list_tenant_users", "GET", "/tenants/{tenant}/users", f"{_ACCESS}:read", _C, query=_PAGING),
    Endpoint(_ID, "give_access", "POST", "/tenants/{tenant}/users/{user}", f"{_ACCESS}:update", _C),
    Endpoint(_ID, "take_access", "DELETE", "/tenants/{tenant}/users/{user}", f"{_ACCESS}:update", _A),
    Endpoint(_ID, "add_application", "POST", "/tenants/{tenant}/applications/{app}", f"{_APPS}:create", _C),
    Endpoint(
        _ID,
        "set_roles",
        "PUT",
        "/tenants/{tenant}/applications/{app}/users/{user}/roles",
        f"{_APP_ROLES}:update",
        _C,
        body=_ROLES,
    ),
    Endpoint(_ID, "read_roles", "GET", "/tenants/applications/{app}/users/{user}", f"{_APP_ROLES}:read", _C),
    Endpoint(_ID, "list_applications", "GET", "/applications", "publicapi:application:read", _A, query=_PAGING),
    Endpoint(Api.ERP, "list_projects", "GET", "/project", f"{_ERP}:read", _P, query=("pageNumber", "pageSize")),
    Endpoint(Api.ERP, "read_project", "GET", "/project/{code}", f"{_ERP}:read", _P),
    Endpoint(Api.ERP, "create_project", "POST", "/project", f"{_ERP}:create", _P, body=_PROJECT),
    Endpoint(Api.ERP, "update_project", "PUT", "/project/{code}", f"{_ERP}:update", _P, body=_PROJECT),
    Endpoint(Api.ERP, "read_segment", "GET", "/dimension/SUBACCOUNT/{segment}", f"{_ERP}:read", _P),
    Endpoint(Api.ERP, "write_segment", "PUT", "/dimension/SUBACCOUNT/{segment}", f"{_ERP}:update", _P, body=_SEGMENT),
    Endpoint(Api.ERP, "read_segment_value", "GET", "/dimension/SUBACCOUNT/{segment}/{value}", f"{_ERP}:read", _P),
    Endpoint(Api.ERP, "read_background", "GET", "/background/{operation}", f"{_ERP}:read", _P),
    Endpoint(Api.ERP, "read_background_content", "GET", "/background/{operation}/content", f"{_ERP}:read", _P),
)

# Known scopes that no endpoint of ours needs: a client may ask for them.
_UNUSED = {f"{_APPS}:delete", f"{_APPS}:read", f"{_APPS}:update", f"{_ERP}:delete", f"{_USERS}:allowemailchange"}

SCOPES: dict[Api, frozenset[str]] = {
    api: frozenset(
        {endpoint.scope for endpoint in ENDPOINTS if endpoint.api is api}
        | {scope for scope in _UNUSED if scope.startswith(_ERP) == (api is Api.ERP)}
    )
    for api in Api
}
