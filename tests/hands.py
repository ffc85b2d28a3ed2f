"""What a person, or another program, does in a cloud behind our back: calls with a token of their own."""

from __future__ import annotations

from typing import Any

import httpx

from outbox import sandbox
from outbox.sandbox.contract import SCOPES, Api


class Hands:
    """In one target of a sandbox."""

    def __init__(self, base_url: str, target: str) -> None:
        self._at = sandbox.settings(base_url)[target]

    def identity(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(self._at["identity_url"], Api.IDENTITY, method, path, body, {})

    def erp(self, tenant: str, method: str, path: str, body: Any = None) -> Any:
        return self._call(self._at["erp_url"], Api.ERP, method, path, body, {"tenant_id": tenant})

    def user(self, email: str, first: str = "Voor", last: str = "Naam") -> str:
        """The id of a new user."""
        body = {"email": email, "first_name": first, "last_name": last}
        return str(self.identity("POST", "/users", body)["id"])

    def tenant(self, name: str, **fields: Any) -> str:
        """The id of a new company."""
        body = {"organization_name": name, "country_code": "NL", **fields}
        return str(self.identity("POST", "/tenants", body)["id"])

    def _call(self, url: str, api: Api, method: str, path: str, body: Any, tenant: dict[str, str]) -> Any:
        form = {"grant_type": "client_credentials", "scope": " ".join(SCOPES[api]), **tenant}
        form |= {name: self._at[name] for name in ("client_id", "client_secret")}
        token = httpx.post(self._at["token_url"], data=form).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, url + path, json=body, headers=headers).raise_for_status()
        return answer.json() if answer.content else None
