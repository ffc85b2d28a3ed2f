"""The client against the one description of the two APIs, outbox/sandbox/contract.py, and that against what the vendor
published.

PUBLISHED says in our own words what the vendor's OpenAPI document ("Visma.net ERP API", v1, as it was in 2026) says of
the paths we use: parameters, fields, how each is written, what is mandatory, and with what a success is answered. The
document itself is the vendor's and not part of this project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

import pytest

from outbox.sandbox.contract import ENDPOINTS, PROJECT_STATUSES, SCOPES, Api, Endpoint, Field, Kind, Mark
from outbox.targets.accountview_net import IDENTITY as OF_ACCOUNTVIEW_NET
from outbox.targets.delivery import Action
from outbox.targets.endpoints import ErpEndpoints, IdentityEndpoints
from outbox.targets.projects import project_body
from outbox.targets.visma_net import IDENTITY
from tests.targets.cloud import Cloud, Told, firm, person, work
from tests.targets.test_segments import made, value

# A body's field -> how it is written, the values where they are few, is it mandatory.
Published = dict[str, tuple[str, tuple[str, ...], bool]]


@dataclass(frozen=True)
class Operation:
    """success: with what it is answered when all is well; one that was put off is answered 202 instead."""

    success: int
    body: Published | None = None
    query: tuple[str, ...] = ()


_PROJECT: Published = {
    "projectID": ("wrapped text", (), False),
    "description": ("wrapped text", (), True),
    "startDate": ("wrapped date_time", (), True),
    "endDate": ("wrapped date_time", (), False),
    "status": (
        "wrapped text",
        ("Planned", "Active", "Completed", "Cancelled", "OnHold", "PendingApproval"),
        False,
    ),
    "hold": ("wrapped flag", (), False),
    "template": ("wrapped text", (), False),
    "defSub": ("objects", (), False),
    "defSub.segmentId": ("number", (), False),
    "defSub.segmentValue": ("text", (), False),
}
_SEGMENT: Published = {
    "segmentValues": ("objects", (), False),
    "segmentValues.operation": ("text", ("Insert", "Update", "Delete"), False),
    "segmentValues.value": ("text", (), False),
    "segmentValues.description": ("wrapped text", (), False),
    "segmentValues.active": ("wrapped flag", (), False),
}
PUBLISHED: dict[tuple[str, str], Operation] = {
    # and thirty more by which projects may be filtered
    ("GET", "/project"): Operation(200, query=("pageNumber", "pageSize")),
    ("GET", "/project/{}"): Operation(200),
    ("POST", "/project"): Operation(201, _PROJECT),
    ("PUT", "/project/{}"): Operation(204, _PROJECT),
    ("GET", "/dimension/SUBACCOUNT/{}"): Operation(200),
    ("PUT", "/dimension/SUBACCOUNT/{}"): Operation(204, _SEGMENT),
    ("GET", "/dimension/SUBACCOUNT/{}/{}"): Operation(200),
    ("GET", "/background/{}"): Operation(200),
    ("GET", "/background/{}/content"): Operation(200),
}
ERP_ENDPOINTS = [e for e in ENDPOINTS if e.api is Api.ERP]
# What the sandbox serves and the client does not ask for when all goes well.
NOT_ASKED = {
    "list_projects", "read_tenant", "list_tenants", "list_applications", "read_user",
    "read_roles", "list_tenant_users", "read_segment_value", "read_background", "read_background_content",
}  # fmt: skip


def bare(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


# -- the description against what is published ----------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ERP_ENDPOINTS, ids=lambda e: e.name)
def test_what_is_marked_published_is(endpoint: Endpoint) -> None:
    """The method, the path, its query, and of each field the name, how it is written and its values; what the vendor
    makes mandatory is so here too.
    """
    assert endpoint.mark is Mark.PUBLISHED
    published = PUBLISHED[endpoint.method, bare(endpoint.path)]
    assert set(endpoint.query) <= set(published.query)
    mine, theirs = dict(_flat(endpoint.body or ())), published.body or {}
    for name, field in mine.items():
        written, choices, mandatory = theirs[name]
        kind = "text" if field.kind is Kind.TEXT else field.kind.value
        assert (f"wrapped {kind}" if field.wrapped else kind, set(field.choices)) == (written, set(choices)), name
        assert field.required or not mandatory, name
    assert {name for name, (_, _, mandatory) in theirs.items() if mandatory} <= set(mine)


def test_nothing_of_a_project_is_sent_as_null_but_an_end_that_is_cleared() -> None:
    """{"value": null} clears, says the vendor's prose; the types of its document do not tell so."""
    blank = work(end_date=None, status=None)
    assert [name for name, wrapped in project_body(blank).items() if wrapped["value"] is None] == ["endDate"]


def _flat(body: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, Field]]:
    for field in body:
        yield prefix + field.name, field
        yield from _flat(field.items, f"{prefix}{field.name}.")


def test_the_words_for_a_status_are_the_vendors() -> None:
    assert _PROJECT["status"][1] == PROJECT_STATUSES


# -- the client against the description ------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "endpoints"), [(Api.IDENTITY, IdentityEndpoints), (Api.ERP, ErpEndpoints)])
def test_every_address_of_the_client_is_described(api: Api, endpoints: type) -> None:
    """Each of outbox/targets/endpoints.py, with its mark; nothing is asked for that nobody vouches for."""
    described = {bare(e.path) for e in ENDPOINTS if e.api is api}
    given = {f.name: f.default for f in fields(endpoints) if isinstance(f.default, str) and f.default.startswith("/")}
    assert given
    assert {name: path for name, path in given.items() if bare(path) not in described} == {}


def test_every_scope_of_the_client_is_described() -> None:
    assert set(IDENTITY.scopes) | set(OF_ACCOUNTVIEW_NET.scopes) <= SCOPES[Api.IDENTITY]
    assert set(ErpEndpoints.scopes) <= SCOPES[Api.ERP]


def test_every_request_is_valid(visma_net: Cloud, accountview_net: Cloud) -> None:
    """All kinds of delivery once, against a sandbox that validates by the description: none is refused for its form,
    and all of the description is used but what is known not to be.
    """
    _all_of_the_identity_api(accountview_net)
    all_of_the_erp(visma_net)
    report = visma_net.ask("GET", "/sandbox/requests?last=1000")
    asked = {_endpoint(counted) for counted in report["counts"]}
    assert asked == {e.name for e in ENDPOINTS} - NOT_ASKED
    answered = {(c["method"], _bare_call(c["path"]), c["status"]) for c in report["last"] if "/erp/" in c["path"]}
    published = {(*asked, operation.success) for asked, operation in PUBLISHED.items()}
    assert answered <= published
    refused = [c for c in report["last"] if c["status"] in (400, 404, 405)]
    assert refused == []


def _bare_call(path: str) -> str:
    """/visma_net/erp/v1/project/P100 is /project/{}."""
    return re.sub(r"(/project|/SUBACCOUNT)/[^/]+", r"\1/{}", path.split("/v1", 1)[1])


def _endpoint(counted: str) -> str:
    """From `visma_net PUT /project/{code}` to its name."""
    _, method, path = counted.split(" ", 2)
    (name,) = {e.name for e in ENDPOINTS if (e.method, e.path) == (method, path)}
    return name


def _all_of_the_identity_api(cloud: Cloud) -> None:
    user, tenant = cloud.user(), cloud.company()
    cloud.done("users", "jansen", action=Action.UPDATE, remote_id=user, document=person(last_name="Jansens"))
    cloud.done("companies", "001", action=Action.UPDATE, remote_id=tenant, document=firm(city="Elders"))
    parents, roles = (user, tenant), {"roles": ["user"]}
    cloud.done("company_access", "jansen", "001", parents=parents)
    given = cloud.done("app_access", "jansen", "001", "REPORTING", document=roles, parents=parents).remote_id
    remove = Action.REMOVE
    cloud.done("app_access", "jansen", "001", "REPORTING", action=remove, remote_id=given, parents=parents)
    cloud.done("company_access", "jansen", "001", action=remove, remote_id=f"{tenant}/{user}", parents=parents)
    cloud.done("users", "jansen", action=remove, remote_id=user)
    cloud.done("companies", "001", action=remove, remote_id=tenant)


def all_of_the_erp(cloud: Cloud) -> None:
    tenant = cloud.company()
    key, parents = ("001", "P100"), (tenant,)
    created = cloud.done("projects", *key, document=work(end_date="2025-01-01"), parents=parents)
    changed: Told = {"action": Action.UPDATE, "remote_id": created.remote_id, "etag": created.etag, "parents": parents}
    changed["document"] = work(description="Goot", status="OnHold")
    cloud.done("projects", *key, **changed)
    cloud.done("projects", *key, action=Action.REMOVE, remote_id=created.remote_id, document=None, parents=parents)
    for batch in (
        [value("110", tenant), value("120", tenant)],
        [made("110", tenant, Action.UPDATE, description="Inkoop"), made("120", tenant, Action.REMOVE)],
        [value("110", tenant, in_doubt=True)],
    ):
        cloud.deliver_batch(*batch)
