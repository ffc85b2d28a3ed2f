"""The ERP API's rules for projects."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest

from outbox.sandbox.contract import PROJECT_STATUSES
from tests.lane import eventually
from tests.sandbox.conftest import PROJECT, Sandbox

CHANGE = {"description": {"value": "Aanbouw"}, "startDate": {"value": "2024-02-01T00:00:00"}}


@pytest.fixture
def project(visma: Sandbox, tenant: str) -> str:
    assert visma.erp(tenant, "POST", "/project", PROJECT).status_code == 201
    return "P1"


def held(visma: Sandbox, tenant: str) -> dict[str, Any]:
    projects: dict[str, Any] = visma.holds()["projects"].get(tenant, {})
    return projects


def test_created_project_is_read_back_plain(visma: Sandbox, tenant: str) -> None:
    """Requests wrap scalars, answers do not, and leave out what is blank: the document knows no null."""
    created = visma.erp(tenant, "POST", "/project", PROJECT | {"status": {"value": "Active"}})
    assert (created.status_code, created.content) == (201, b"")
    read = visma.erp(tenant, "GET", "/project/P1")
    assert read.status_code == 200
    assert read.headers["etag"] == created.headers["etag"]
    assert read.json() == {
        "projectID": "P1",
        "description": "Verbouwing",
        "startDate": "2024-01-01T00:00:00",
        "status": "Active",
        "hold": False,
        "template": {"number": "STANDAARD"},
    }
    assert held(visma, tenant)["P1"] == read.json() | {"template": "STANDAARD", "endDate": None, "defSub": None}


def test_second_project_with_the_same_code_is_refused_in_prose(visma: Sandbox, tenant: str, project: str) -> None:
    answer = visma.erp(tenant, "POST", "/project", PROJECT | {"description": {"value": "Other"}})
    assert answer.status_code == 400
    assert "already exists" in answer.json()["message"]
    assert held(visma, tenant)["P1"]["description"] == "Verbouwing"


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Verbouwing"},
        {"description": {"value": "Verbouwing", "more": 1}},
        {"description": {"Value": "Verbouwing"}},
        {"description": {"value": " "}},
        {"description": {"value": None}},
        {"startDate": {"value": "2024-01-01"}},
        {"startDate": {"value": "2024-02-30T00:00:00"}},
        {"startDate": {"value": 20240101}},
        {"status": {"value": "Done"}},
        {"status": "Active"},
        {"hold": {"value": "false"}},
        {"customer": {"value": "C1"}},
        {"projectID": {"value": ""}},
        {"projectID": {"value": "x" * 31}},
        {"defSub": []},
        {"defSub": [{"segmentId": "1", "segmentValue": "10"}]},
        {"defSub": [{"segmentId": 1}]},
        {"defSub": {"value": [{"segmentId": 1, "segmentValue": "10"}]}},
    ],
)
def test_project_that_the_contract_does_not_allow_is_refused(
    visma: Sandbox, tenant: str, changes: dict[str, Any]
) -> None:
    answer = visma.erp(tenant, "POST", "/project", PROJECT | changes)
    assert answer.status_code == 400
    assert next(iter(changes)) in answer.json()["message"]
    assert held(visma, tenant) == {}


@pytest.mark.parametrize("missing", ["projectID", "description", "startDate", "template"])
def test_project_lacking_what_is_mandatory_is_refused(visma: Sandbox, tenant: str, missing: str) -> None:
    body = {name: value for name, value in PROJECT.items() if name != missing}
    assert visma.erp(tenant, "POST", "/project", body).status_code == 400
    assert held(visma, tenant) == {}


def test_default_subaccount_does_in_place_of_a_template(visma: Sandbox, tenant: str) -> None:
    body: dict[str, Any] = {name: value for name, value in PROJECT.items() if name != "template"}
    body["defSub"] = [{"segmentId": 1, "segmentValue": "10"}]
    assert visma.erp(tenant, "POST", "/project", body).status_code == 201
    assert held(visma, tenant)["P1"]["defSub"] == [{"segmentId": 1, "segmentValue": "10"}]


@pytest.mark.parametrize(("value", "why"), [("x" * 31, "longer than 30 characters"), ("10", "is inactive")])
def test_default_subaccount_must_be_one_that_can_be_used(visma: Sandbox, tenant: str, value: str, why: str) -> None:
    """No value is longer than its segment, and one that was made inactive is for nothing new."""
    inactive = {"operation": "Insert", "value": "10", "active": {"value": False}}
    visma.erp(tenant, "PUT", "/dimension/SUBACCOUNT/1", {"segmentValues": [inactive]})
    refused = visma.erp(tenant, "POST", "/project", PROJECT | {"defSub": [{"segmentId": 1, "segmentValue": value}]})
    assert refused.status_code == 400
    assert why in refused.json()["message"]


def test_new_project_is_not_read_for_a_while_when_told_so(visma: Sandbox, tenant: str) -> None:
    """And a second one with its code is refused all the same."""
    visma.set(lag_s=60)
    visma.erp(tenant, "POST", "/project", PROJECT)
    assert visma.erp(tenant, "GET", "/project/P1").status_code == 404
    assert visma.erp(tenant, "GET", "/project").json() == []
    assert visma.erp(tenant, "POST", "/project", PROJECT).status_code == 400
    visma.set(lag_s=0.2)
    eventually(lambda: visma.erp(tenant, "GET", "/project/P1").status_code == 200)


@pytest.mark.parametrize("status", PROJECT_STATUSES)
def test_every_published_status_is_taken(visma: Sandbox, tenant: str, project: str, status: str) -> None:
    answer = visma.erp(tenant, "PUT", "/project/P1", CHANGE | {"status": {"value": status}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert held(visma, tenant)["P1"]["status"] == status


def test_absent_is_unchanged_and_null_clears(visma: Sandbox, tenant: str, project: str) -> None:
    end = {"endDate": {"value": "2025-01-01T00:00:00"}}
    visma.erp(tenant, "PUT", "/project/P1", CHANGE | end)
    visma.erp(tenant, "PUT", "/project/P1", CHANGE)
    assert held(visma, tenant)["P1"]["endDate"] == "2025-01-01T00:00:00"
    visma.erp(tenant, "PUT", "/project/P1", CHANGE | {"endDate": {"value": None}})
    assert held(visma, tenant)["P1"]["endDate"] is None


@pytest.mark.parametrize("missing", ["description", "startDate"])
def test_update_needs_what_the_published_type_requires(visma: Sandbox, tenant: str, project: str, missing: str) -> None:
    body = {name: value for name, value in CHANGE.items() if name != missing}
    assert visma.erp(tenant, "PUT", "/project/P1", body).status_code == 400


def test_update_cannot_change_the_code(visma: Sandbox, tenant: str, project: str) -> None:
    assert visma.erp(tenant, "PUT", "/project/P1", CHANGE | {"projectID": {"value": "P2"}}).status_code == 400
    assert visma.erp(tenant, "PUT", "/project/P1", CHANGE | {"projectID": {"value": "P1"}}).status_code == 204


def test_unknown_project_is_404_with_json(visma: Sandbox, tenant: str) -> None:
    for method, body in (("GET", None), ("PUT", CHANGE)):
        answer = visma.erp(tenant, method, "/project/P9", body)
        assert answer.status_code == 404
        assert "P9" in answer.json()["message"]


def test_there_is_no_delete(visma: Sandbox, tenant: str, project: str) -> None:
    answer = visma.erp(tenant, "DELETE", "/project/P1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")
    assert "P1" in held(visma, tenant)


def test_etag_changes_with_every_write_and_if_match_is_held_to(visma: Sandbox, tenant: str, project: str) -> None:
    old = visma.erp(tenant, "GET", "/project/P1").headers["etag"]
    fresh = visma.erp(tenant, "PUT", "/project/P1", CHANGE, headers={"If-Match": old}).headers["etag"]
    assert fresh != old
    refused = visma.erp(tenant, "PUT", "/project/P1", PROJECT, headers={"If-Match": old})
    assert refused.status_code == 412
    assert held(visma, tenant)["P1"]["description"] == "Aanbouw"
    assert visma.erp(tenant, "PUT", "/project/P1", PROJECT, headers={"If-Match": fresh}).status_code == 204


def b64(code: str, padding: bool = True) -> str:
    text = base64.urlsafe_b64encode(code.encode()).decode()
    return f"b64({text if padding else text.rstrip('=')})"


@pytest.mark.parametrize("code", ["A/1", "A B", "50%", "é€", "a?b#c", "..", "b64(x)", "+", "~._-"])
@pytest.mark.parametrize("padding", [True, False])
def test_any_code_can_be_written_in_base64(visma: Sandbox, tenant: str, code: str, padding: bool) -> None:
    assert visma.erp(tenant, "POST", "/project", PROJECT | {"projectID": {"value": code}}).status_code == 201
    read = visma.erp(tenant, "GET", "/project/" + quote(b64(code, padding), safe=""))
    assert (read.status_code, read.json().get("projectID")) == (200, code)


@pytest.mark.parametrize("code", ["P1", "A B", "é€", "~._-", "(x)", "O'Neil"])
def test_code_without_reserved_characters_is_percent_encoded(visma: Sandbox, tenant: str, code: str) -> None:
    visma.erp(tenant, "POST", "/project", PROJECT | {"projectID": {"value": code}})
    read = visma.erp(tenant, "GET", "/project/" + quote(code, safe=""))
    assert (read.status_code, read.json().get("projectID")) == (200, code)


@pytest.mark.parametrize("code", list(":/?#[]@&*+;%\\"))
def test_reserved_character_is_refused_even_when_percent_encoded(visma: Sandbox, tenant: str, code: str) -> None:
    visma.erp(tenant, "POST", "/project", PROJECT | {"projectID": {"value": code}})
    assert visma.erp(tenant, "GET", "/project/" + quote(code, safe="")).status_code == 400


def test_broken_base64_is_refused(visma: Sandbox, tenant: str) -> None:
    for text in ("b64(!)", "b64(_w)"):
        assert visma.erp(tenant, "GET", f"/project/{text}").status_code == 400


def test_list_is_plain_and_paged(visma: Sandbox, tenant: str) -> None:
    for n in range(3):
        visma.erp(tenant, "POST", "/project", PROJECT | {"projectID": {"value": f"P{n}"}})
    whole = visma.erp(tenant, "GET", "/project").json()
    assert [p["projectID"] for p in whole] == ["P0", "P1", "P2"]
    page = visma.erp(tenant, "GET", "/project", params={"pageNumber": 2, "pageSize": 2}).json()
    assert [p["projectID"] for p in page] == ["P2"]
    assert visma.erp(tenant, "GET", "/project", params={"pageSize": 0}).status_code == 400


def test_accountview_net_has_no_erp(accountview: Sandbox) -> None:
    tenant = accountview.create_tenant()
    answer = accountview.erp(tenant, "GET", "/project")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
