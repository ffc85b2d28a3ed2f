"""Which calls each kind of delivery makes, word by word, as the two contracts have them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from outbox.config import TargetSettings
from outbox.targets.accountview_net import IDENTITY as OF_ACCOUNTVIEW_NET
from outbox.targets.delivery import Action
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.visma_net import IDENTITY
from tests.targets.cloud import Cloud, Rest, firm, person, work
from tests.targets.raw import RawServer, http

NOBODY = http(200, {"users": [], "tenants": [], "total_pages": 1})
MADE, WRITTEN, GONE = http(201, {"id": "x1"}), http(204, ETag='"2"'), http(204)
PERSON = {
    "email": "jansen@bedrijf.nl",
    "first_name": "Jan",
    "last_name": "Jansen",
    "country_code": "NL",
    "preferred_language": "nl",
}
FIRM = {
    "organization_name": "Bakker BV",
    "organization_number": "12345678",
    "address_1": "Dorpsstraat 1",
    "postal_code": "1000 AA",
    "city": "Ons Dorp",
    "country_code": "NL",
    "external_id": "001",
}
PROJECT = {
    "projectID": {"value": "P1"},
    "description": {"value": "Dak"},
    "startDate": {"value": "2024-01-01T00:00:00"},
    "endDate": {"value": None},
    "status": {"value": "Active"},
}
NEW_PROJECT = {**PROJECT, "template": {"value": "STANDARD"}}
del NEW_PROJECT["endDate"]
OVER = {name: PROJECT[name] for name in ("projectID", "description", "startDate")} | {"status": {"value": "Completed"}}
SHOWN = http(200, {"projectID": "P1", "description": "Dak", "startDate": "2024-01-01T00:00:00"}, ETag='"1"')
VALUE = {"value": "110", "description": {"value": "Verkoop"}, "active": {"value": True}}
SEGMENT = "/dimension/SUBACCOUNT/1"


def values(**operation: Any) -> dict[str, Any]:
    return {"segmentValues": [operation]}


USER: Rest = {"remote_id": "u7"}
TENANT: Rest = {"remote_id": "t1"}
BOTH: Rest = {"parents": ("u7", "t1")}
ERP_TENANT: Rest = {"parents": ("t1",)}
CARRIER: Rest = {"document": {"description": "Verkoop", "active": True}, **ERP_TENANT}
ROLES = "/tenants/t1/applications/SCAN/users/u7/roles"
# resource, key, what is to be done, the rest of the delivery; the answers; the calls and their bodies
CALLS: list[tuple[str, tuple[str, ...], Action, Rest, list[bytes], list[tuple[str, Any]]]] = [
    ("users", ("jansen",), Action.CREATE, {"document": person()}, [NOBODY, MADE],
     [("GET /users?email=jansen%40bedrijf.nl&page=1&per_page=100", None), ("POST /users", PERSON)]),
    ("users", ("jansen",), Action.UPDATE, {"document": person(), **USER}, [http(200, {"id": "u7"})],
     [("PUT /users/u7", PERSON)]),
    ("users", ("jansen",), Action.REMOVE, USER, [GONE], [("DELETE /users/u7", None)]),
    ("users", ("jansen",), Action.LOOK, {"sending": ("old@x.nl", "jansen@bedrijf.nl")}, [NOBODY],
     [("GET /users?email=old%40x.nl&page=1&per_page=100", None),
      ("GET /users?email=jansen%40bedrijf.nl&page=1&per_page=100", None)]),
    ("companies", ("001",), Action.CREATE, {"document": firm()}, [NOBODY, NOBODY, MADE],
     [("GET /search/tenants?external_id=001&limit=100", None),
      ("GET /search/tenants?country_code=NL&organization_number=12345678&operator=AND&limit=100", None),
      ("POST /tenants", FIRM)]),
    ("companies", ("001",), Action.UPDATE, {"document": firm(), **TENANT}, [http(200, {"id": "t1"})],
     [("PUT /tenants/t1", FIRM)]),
    ("companies", ("001",), Action.REMOVE, TENANT, [GONE], [("DELETE /tenants/t1", None)]),
    ("company_access", ("jansen", "001"), Action.CREATE, BOTH, [GONE], [("POST /tenants/t1/users/u7", None)]),
    ("company_access", ("jansen", "001"), Action.REMOVE, {"remote_id": "t1/u7"}, [GONE],
     [("DELETE /tenants/t1/users/u7", None)]),
    ("app_access", ("jansen", "001", "SCAN"), Action.CREATE, {"document": {"roles": ["user"]}, **BOTH},
     [GONE, http(200, {"roles": ["user"]})],
     [("POST /tenants/t1/applications/SCAN", None), (f"PUT {ROLES}", {"roles": ["user"]})]),
    ("app_access", ("jansen", "001", "SCAN"), Action.REMOVE, {"remote_id": "t1/u7/SCAN"}, [http(200, {"roles": []})],
     [(f"PUT {ROLES}", {"roles": []})]),
    ("projects", ("001", "P1"), Action.CREATE, {"document": work(), **ERP_TENANT}, [http(201, ETag='"1"')],
     [("POST /project", NEW_PROJECT)]),
    ("projects", ("001", "P1"), Action.UPDATE, {"document": work(), "etag": '"1"', **ERP_TENANT}, [WRITTEN],
     [("PUT /project/P1", PROJECT)]),
    ("projects", ("001", "A/1"), Action.UPDATE, {"document": work(), **ERP_TENANT}, [WRITTEN],
     [("PUT /project/b64(QS8x)", {**PROJECT, "projectID": {"value": "A/1"}})]),
    ("projects", ("001", "P1"), Action.REMOVE, {"remote_id": "t1/P1"}, [SHOWN, WRITTEN],
     [("GET /project/P1", None), ("PUT /project/P1", OVER)]),
    ("cost_types", ("001", "110"), Action.CREATE, CARRIER, [WRITTEN],
     [(f"PUT {SEGMENT}", values(operation="Insert", **VALUE))]),
    ("cost_types", ("001", "110"), Action.UPDATE, CARRIER, [WRITTEN],
     [(f"PUT {SEGMENT}", values(operation="Update", **VALUE))]),
    ("cost_types", ("001", "110"), Action.REMOVE, {"remote_id": "t1/110"}, [WRITTEN],
     [(f"PUT {SEGMENT}", values(operation="Delete", value="110"))]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "key", "action", "rest", "answers", "calls"), CALLS, ids=[f"{c[2]} {c[0]} {c[1][-1]}" for c in CALLS]
)
def test_a_delivery_makes_these_calls_and_no_other(
    raw: RawServer,
    raw_cloud: Cloud,
    resource: str,
    key: tuple[str, ...],
    action: Action,
    rest: Rest,
    answers: list[bytes],
    calls: list[tuple[str, Any]],
) -> None:
    """Method, path, query and body; no header that the ERP does not publish (the old host's, or its queue's)."""
    raw.answers = list(answers)
    raw_cloud.done(resource, *key, action=action, **rest)
    sent = [(f"{method} {path}", json.loads(body) if body else None) for method, path, _, body in raw.requests]
    assert sent == calls
    for _, _, headers, _ in raw.requests:
        assert headers["authorization"] == "Bearer token-1"
        assert not [name for name in headers if name.startswith(("ipp-", "erp-api-"))]


def test_each_api_has_a_token_of_its_own_with_its_own_scopes(raw: RawServer, raw_cloud: Cloud) -> None:
    """The identity API's is of no company; the ERP's is of the company's own tenant."""
    raw.answers = [http(200, {"id": "u7"}), http(201, ETag='"1"')]
    raw_cloud.done("users", "jansen", action=Action.UPDATE, document=person(), remote_id="u7")
    raw_cloud.done("projects", "001", "P1", document=work(), parents=("t1",))
    identity, erp = (dict(parse_qsl(body.decode())) for body in raw.token_requests)
    assert "tenant_id" not in identity
    assert erp["tenant_id"] == "t1"
    assert identity["scope"].split() == list(IDENTITY.scopes)
    assert erp["scope"].split() == [f"vismanet_erp_service_api:{v}" for v in ("create", "read", "update", "delete")]
    assert list(ErpEndpoints.scopes) == erp["scope"].split()
    assert "publicapi:tenant:userapplicationroles:update" in set(OF_ACCOUNTVIEW_NET.scopes) - set(IDENTITY.scopes)


def test_the_vendors_addresses_are_the_defaults() -> None:
    """The new host of the ERP, not the one that is being shut down."""
    settings = TargetSettings("visma_net")
    assert (settings.token_url, settings.identity_url, settings.erp_url) == (
        "https://connect.visma.com/connect/token",
        "https://public-api.connect.visma.com/v1.0",
        "https://api.finance.visma.net/v1",
    )
    assert (settings.concurrency, settings.company_concurrency) == (8, 4)
