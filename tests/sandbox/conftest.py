"""One sandbox for all of these tests, empty before each; and a client that speaks to it as the relay would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from outbox.sandbox import settings
from outbox.sandbox.contract import SCOPES, Api

USER = {"email": "sanne@kade.nl", "first_name": "Sanne", "last_name": "de Vries"}
TENANT = {"organization_name": "Kade B.V.", "country_code": "NL", "external_id": "L1-001"}
PROJECT = {
    "projectID": {"value": "P1"},
    "description": {"value": "Verbouwing"},
    "startDate": {"value": "2024-01-01T00:00:00"},
    "template": {"value": "STANDAARD"},
}


class Sandbox:
    """Calls as one target's client. `identity` and `erp` fetch the token they need once."""

    def __init__(self, base_url: str, http: httpx.Client, target: str) -> None:
        self.http = http
        self.target = target
        self.settings = settings(base_url)[target]
        self._tokens: dict[tuple[Api, str], str] = {}

    def ask_token(self, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret.reveal(),
            "scope": " ".join(SCOPES[Api.IDENTITY]),
        }
        return self.http.post(self.settings.token_url, data=form | changes)

    def token(self, api: Api, tenant: str = "") -> str:
        if (api, tenant) not in self._tokens:
            extra = {"tenant_id": tenant} if tenant else {}
            answer = self.ask_token(scope=" ".join(SCOPES[api]), **extra)
            self._tokens[api, tenant] = answer.json()["access_token"]
        return self._tokens[api, tenant]

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def identity(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self._send(self.settings.identity_url + path, self.token(Api.IDENTITY), method, json, more)

    def erp(self, tenant: str, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self._send(self.settings.erp_url + path, self.token(Api.ERP, tenant), method, json, more)

    def _send(self, url: str, token: str, method: str, json: Any, more: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        if json is not None:
            more["json"] = json
        return self.http.request(method, url, headers=headers, **more)

    def create_user(self, **changes: Any) -> str:
        return self._id(self.identity("POST", "/users", USER | changes))

    def create_tenant(self, **changes: Any) -> str:
        return self._id(self.identity("POST", "/tenants", TENANT | changes))

    def _id(self, answer: httpx.Response) -> str:
        assert answer.status_code == 201, answer.text
        id_: str = answer.json()["id"]
        return id_

    def control(self, method: str, path: str, json: Any = None) -> Any:
        answer = self.http.request(method, f"/sandbox/{path}", json=json)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def holds(self) -> dict[str, Any]:
        """What `/sandbox/state` says of this target."""
        state: dict[str, Any] = self.control("GET", "state")[self.target]
        return state

    def fault(self, **fault: Any) -> None:
        """Of the two APIs, and not of the token endpoint, unless `path` says otherwise."""
        self.control("POST", "faults", {"path": "/v1"} | fault)

    def set(self, **changes: Any) -> None:
        self.control("POST", "settings", changes)


@pytest.fixture
def http(base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base_url, verify=False) as client:
        client.post("/sandbox/reset")
        yield client


@pytest.fixture
def visma(base_url: str, http: httpx.Client) -> Sandbox:
    return Sandbox(base_url, http, "visma_net")


@pytest.fixture
def accountview(base_url: str, http: httpx.Client) -> Sandbox:
    return Sandbox(base_url, http, "accountview_net")


@pytest.fixture
def tenant(visma: Sandbox) -> str:
    """A company in Visma.net."""
    return visma.create_tenant()
