"""Tokens: client credentials, expiry, scopes, one company per ERP token."""

from __future__ import annotations

import httpx
import pytest

from outbox.sandbox.contract import SCOPES, Api
from tests.lane import eventually
from tests.sandbox.conftest import PROJECT, USER, Sandbox

ERP_SCOPES = " ".join(SCOPES[Api.ERP])


def test_token_answer_has_the_published_fields(visma: Sandbox) -> None:
    answer = visma.ask_token(scope="publicapi:user:read")
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"access_token", "expires_in", "token_type", "scope"}
    assert (body["expires_in"], body["token_type"], body["scope"]) == (3600, "Bearer", "publicapi:user:read")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "publicapi:user:*"}, "invalid_scope"),
        ({"scope": f"publicapi:user:read {ERP_SCOPES}"}, "invalid_scope"),
    ],
)
def test_token_request_that_is_wrong_is_refused(visma: Sandbox, changes: dict[str, str], error: str) -> None:
    answer = visma.ask_token(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_token_request_must_be_a_form(visma: Sandbox) -> None:
    answer = visma.http.post(visma.settings.token_url, json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert visma.http.get(visma.settings.token_url).status_code == 405


def test_call_without_token_is_401(visma: Sandbox) -> None:
    answer = visma.http.get(visma.settings.identity_url + "/users")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error_code"] == "ERROR_UNAUTHORIZED"


def test_token_expires_as_its_answer_says(visma: Sandbox) -> None:
    visma.set(token_lifetime_s=60)
    assert visma.ask_token().json()["expires_in"] == 60
    assert visma.identity("GET", "/users").status_code == 200
    visma.set(token_lifetime_s=0.2)
    visma.forget_tokens()
    eventually(lambda: visma.identity("GET", "/users").status_code == 401)


def test_tokens_can_be_revoked_in_the_middle(visma: Sandbox) -> None:
    assert visma.identity("GET", "/users").status_code == 200
    visma.control("DELETE", "tokens")
    assert visma.identity("GET", "/users").status_code == 401


def test_changed_secret_is_asked_for_from_then_on(visma: Sandbox) -> None:
    visma.set(client_secret="rotated")
    assert visma.ask_token().status_code == 400
    assert visma.ask_token(client_secret="rotated").status_code == 200


def test_scope_is_checked_by_method_and_path(visma: Sandbox) -> None:
    token = visma.ask_token(scope="publicapi:user:read").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    url = visma.settings.identity_url
    assert visma.http.get(f"{url}/users", headers=headers).status_code == 200
    refused = visma.http.post(f"{url}/users", headers=headers, json=USER)
    assert refused.status_code == 403
    assert "publicapi:user:create" in refused.json()["error_description"]
    assert visma.http.get(f"{url}/tenants", headers=headers).status_code == 403


def test_token_of_one_target_is_worth_nothing_at_the_other(visma: Sandbox, accountview: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {accountview.token(Api.IDENTITY)}"}
    assert visma.http.get(visma.settings.identity_url + "/users", headers=headers).status_code == 401


def test_identity_token_is_worth_nothing_at_the_erp(visma: Sandbox, tenant: str) -> None:
    for extra in ({}, {"tenant_id": tenant}):
        headers = {"Authorization": f"Bearer {visma.ask_token(**extra).json()['access_token']}"}
        assert visma.http.get(visma.settings.erp_url + "/project", headers=headers).status_code == 401


def test_identity_call_wants_a_token_without_tenant(visma: Sandbox, tenant: str) -> None:
    token = visma.ask_token(tenant_id=tenant).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert visma.http.get(visma.settings.identity_url + "/users", headers=headers).status_code == 401


@pytest.mark.parametrize("tenant_id", ["", "the-customers-own-tenant"])
def test_erp_token_without_a_company_is_given_but_every_call_is_401(visma: Sandbox, tenant_id: str) -> None:
    answer: httpx.Response = visma.erp(tenant_id, "GET", "/project")
    assert answer.status_code == 401
    assert "message" in answer.json()


def test_erp_token_opens_its_own_company_only(visma: Sandbox, tenant: str) -> None:
    other = visma.create_tenant(external_id="L1-002")
    assert visma.erp(tenant, "POST", "/project", PROJECT).status_code == 201
    assert visma.erp(other, "GET", "/project/P1").status_code == 404
    assert visma.erp(tenant, "GET", "/project/P1").status_code == 200


def test_erp_token_dies_with_its_company(visma: Sandbox, tenant: str) -> None:
    assert visma.erp(tenant, "GET", "/project").status_code == 200
    visma.identity("DELETE", f"/tenants/{tenant}")
    assert visma.erp(tenant, "GET", "/project").status_code == 401


def test_company_without_erp_licence_is_12027(visma: Sandbox, tenant: str) -> None:
    visma.set(unlicensed=[tenant])
    answer = visma.erp(tenant, "GET", "/project")
    assert answer.status_code == 403
    assert answer.json()["ExceptionFaultCode"] == "12027"
    assert answer.json()["ExceptionMessage"] == "No license for this company."
    assert visma.identity("GET", f"/tenants/{tenant}").status_code == 200
