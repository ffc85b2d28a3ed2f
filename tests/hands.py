"""What a person, or another program, does in a cloud behind our back: calls with a token of their own."""

from __future__ import annotations

from typing import Any

import httpx

from outbox import sandbox
from outbox.sandbox.contract import SCOPES, Api


class Hands:
    """In one target of a sandbox."""

    def __init__(self, client: httpx.Client, base_url: str, target: str) -> None:
        self._at = sandbox.settings(base_url)[target]
        self._tokens: dict[str, str] = {}
        self._client = client

    def identity(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(self._at.identity_url, Api.IDENTITY, method, path, body, {})

    def erp(self, tenant: str, method: str, path: str, body: Any = None) -> Any:
        return self._call(self._at.erp_url, Api.ERP, method, path, body, {"tenant_id": tenant})

    def user(self, email: str, first: str = "Voor", last: str = "Naam") -> str:
        """The id of a new user."""
        body = {"email": email, "first_name": first, "last_name": last}
        return str(self.identity("POST", "/users", body)["id"])

    def tenant(self, name: str, **fields: Any) -> str:
        """The id of a new company."""
        body = {"organization_name": name, "country_code": "NL", **fields}
        return str(self.identity("POST", "/tenants", body)["id"])

    def _call(self, url: str, api: Api, method: str, path: str, body: Any, tenant: dict[str, str]) -> Any:
        for_what = f"{api} {tenant}"
        if for_what not in self._tokens:
            self._tokens[for_what] = self._token({"scope": " ".join(SCOPES[api]), **tenant})
        headers = {"Authorization": f"Bearer {self._tokens[for_what]}"}
        answer = self._client.request(method, url + path, json=body, headers=headers).raise_for_status()
        return answer.json() if answer.content else None

    def _token(self, form: dict[str, str]) -> str:
        form |= {"grant_type": "client_credentials"}
        form |= {"client_id": self._at.client_id, "client_secret": self._at.client_secret.reveal()}
        answer = self._client.post(self._at.token_url, data=form).raise_for_status()
        return str(answer.json()["access_token"])
