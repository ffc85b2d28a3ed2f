"""The ERP API's rules for segment values: cost types and cost centres."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox

SEGMENT = "/dimension/SUBACCOUNT/1"


def entry(operation: str, value: str, **fields: Any) -> dict[str, Any]:
    return {"operation": operation, "value": value, **{name: {"value": text} for name, text in fields.items()}}


def write(visma: Sandbox, tenant: str, *entries: dict[str, Any], etag: str | None = None) -> Any:
    headers = {"If-Match": etag} if etag else {}
    return visma.erp(tenant, "PUT", SEGMENT, {"segmentValues": list(entries)}, headers=headers)


def held(visma: Sandbox, tenant: str) -> dict[str, Any]:
    values: dict[str, Any] = visma.holds()["segments"].get(tenant, {}).get("1", {})
    return values


def test_many_values_go_in_one_call_and_come_back_plain(visma: Sandbox, tenant: str) -> None:
    answer = write(
        visma,
        tenant,
        entry("Insert", "110", description="Verkoop", active=True),
        entry("Insert", "120", description="Inkoop", active=False),
    )
    assert (answer.status_code, answer.content) == (204, b"")
    read = visma.erp(tenant, "GET", SEGMENT)
    assert read.headers["etag"] == answer.headers["etag"]
    assert read.json()["segmentValues"] == [
        {"valueId": "110", "description": "Verkoop", "active": True},
        {"valueId": "120", "description": "Inkoop", "active": False},
    ]
    assert held(visma, tenant)["110"] == {"description": "Verkoop", "active": True}


def test_update_changes_what_is_given(visma: Sandbox, tenant: str) -> None:
    write(visma, tenant, entry("Insert", "110", description="Verkoop"))
    write(visma, tenant, entry("Update", "110", active=False))
    assert held(visma, tenant) == {"110": {"description": "Verkoop", "active": False}}
    for nothing in (None, ""):
        write(visma, tenant, entry("Update", "110", description="Verkoop"), entry("Update", "110", description=nothing))
        assert held(visma, tenant) == {"110": {"description": None, "active": False}}
    shown = visma.erp(tenant, "GET", "/dimension/SUBACCOUNT/1").json()["segmentValues"]
    assert shown == [{"valueId": "110", "active": False}]  # a blank is left out: the document knows no null


def test_delete_takes_the_value_away(visma: Sandbox, tenant: str) -> None:
    write(visma, tenant, entry("Insert", "110"))
    assert write(visma, tenant, entry("Delete", "110")).status_code == 204
    assert held(visma, tenant) == {}


@pytest.mark.parametrize(
    ("operation", "value"),
    [("Insert", "110"), ("Update", "999"), ("Delete", "999"), ("Delete", "110"), ("Insert", "x" * 31)],
)
def test_one_bad_value_fails_the_whole_call_with_500(visma: Sandbox, tenant: str, operation: str, value: str) -> None:
    """110 is there, is in use and so cannot be deleted; 999 is not there; a value has at most 30 characters."""
    visma.set(in_use=["110"])
    write(visma, tenant, entry("Insert", "110"))
    answer = write(visma, tenant, entry("Insert", "120"), entry(operation, value))
    assert answer.status_code == 500
    shape = {"ExceptionType", "ExceptionMessage", "ExceptionFaultCode", "ExceptionMessageID", "ExceptionDetails"}
    assert answer.json().keys() == shape
    assert value in answer.json()["ExceptionMessage"]
    assert list(held(visma, tenant)) == ["110"]


def test_value_in_use_can_be_made_inactive(visma: Sandbox, tenant: str) -> None:
    visma.set(in_use=["110"])
    write(visma, tenant, entry("Insert", "110", active=True))
    assert write(visma, tenant, entry("Update", "110", active=False)).status_code == 204
    assert held(visma, tenant)["110"]["active"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"segmentValues": []},
        {"segmentValues": {"operation": "Insert", "value": "1"}},
        {"segmentValues": ["110"]},
        {"segmentValues": [{"operation": "insert", "value": "110"}]},
        {"segmentValues": [{"operation": "Insert"}]},
        {"segmentValues": [{"operation": "Insert", "value": {"value": "110"}}]},
        {"segmentValues": [{"operation": "Insert", "value": "110", "description": "Verkoop"}]},
        {"segmentValues": [{"operation": "Insert", "value": "110", "active": True}]},
        {"segmentValues": [{"operation": "Insert", "value": "110", "active": {"value": None}}]},
        {"segmentValues": [{"operation": "Insert", "value": "110", "colour": {"value": "red"}}]},
    ],
)
def test_body_that_the_contract_does_not_allow_is_refused(visma: Sandbox, tenant: str, body: dict[str, Any]) -> None:
    answer = visma.erp(tenant, "PUT", SEGMENT, body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("segmentValues")


def test_unknown_segment_is_404(visma: Sandbox, tenant: str) -> None:
    for number in ("0", "10", "x"):
        assert visma.erp(tenant, "GET", f"/dimension/SUBACCOUNT/{number}").status_code == 404
    assert visma.erp(tenant, "GET", "/dimension/ACCOUNT/1").status_code == 404


def test_segments_and_companies_are_apart(visma: Sandbox, tenant: str) -> None:
    other = visma.create_tenant(external_id="L1-002")
    write(visma, tenant, entry("Insert", "110"))
    assert write(visma, other, entry("Insert", "110")).status_code == 204
    assert visma.erp(tenant, "GET", "/dimension/SUBACCOUNT/2").json()["segmentValues"] == []


@pytest.mark.parametrize("value", ["110", "a/b", "é€?", "~~~"])
def test_one_value_is_read_under_its_base64_id(visma: Sandbox, tenant: str, value: str) -> None:
    write(visma, tenant, entry("Insert", value, description="Verkoop"))
    id_ = base64.urlsafe_b64encode(value.encode()).decode()
    read = visma.erp(tenant, "GET", f"{SEGMENT}/{id_}")
    assert read.json() == {"valueId": value, "description": "Verkoop", "active": True}
    assert read.headers["etag"] == visma.erp(tenant, "GET", SEGMENT).headers["etag"]


def test_value_id_that_is_unknown_or_no_base64(visma: Sandbox, tenant: str) -> None:
    assert visma.erp(tenant, "GET", f"{SEGMENT}/MTEw").status_code == 404
    assert visma.erp(tenant, "GET", f"{SEGMENT}/!!").status_code == 400


def test_if_match_is_held_to(visma: Sandbox, tenant: str) -> None:
    first = write(visma, tenant, entry("Insert", "110")).headers["etag"]
    second = write(visma, tenant, entry("Insert", "120"), etag=first).headers["etag"]
    assert write(visma, tenant, entry("Insert", "130"), etag=first).status_code == 412
    assert list(held(visma, tenant)) == ["110", "120"]
    assert write(visma, tenant, entry("Insert", "130"), etag=second).status_code == 204
