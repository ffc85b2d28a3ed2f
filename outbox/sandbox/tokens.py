"""The token endpoint (client credentials) and what a token allows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from outbox.sandbox.answers import Answer, Refusal
from outbox.sandbox.contract import SCOPES, Api
from outbox.sandbox.state import Settings


@dataclass(frozen=True)
class Grant:
    """What a token stands for. tenant: "" when none was asked for. expires_at: seconds, of a monotonic clock."""

    target: str
    api: Api
    scopes: frozenset[str]
    tenant: str
    expires_at: float


def _refuse(error: str, why: str) -> Refusal:
    headers = {"Cache-Control": "no-store"}
    return Refusal(Answer(400, {"error": error, "error_description": why}, headers))


def _api_of(scopes: frozenset[str]) -> Api:
    """A token is for one API. An unknown scope, and a `*`, is refused as the real one does."""
    for api in Api:
        if scopes and scopes <= SCOPES[api]:
            return api
    known = SCOPES[Api.IDENTITY] | SCOPES[Api.ERP]
    unknown = " ".join(sorted(scopes - known))
    raise _refuse("invalid_scope", f"unknown: {unknown}" if unknown else "ask for scopes of one API")


class Tokens:
    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def revoke_all(self) -> None:
        self._grants.clear()

    def issue(self, target: str, form: Mapping[str, str], settings: Settings, now: float) -> Answer:
        """Raises Refusal. Any tenant id gets a token: whether it is a company shows at the first call."""
        if form.get("grant_type") != "client_credentials":
            raise _refuse("unsupported_grant_type", "grant_type must be client_credentials")
        credentials = (form.get("client_id"), form.get("client_secret"))
        if credentials != (settings.client_id, settings.client_secret):
            raise _refuse("invalid_client", "unknown client or wrong secret")
        scopes = frozenset(form.get("scope", "").split())
        self._grants = {token: grant for token, grant in self._grants.items() if grant.expires_at > now}
        token = secrets.token_urlsafe(32)
        expires_at = now + settings.token_lifetime_s
        self._grants[token] = Grant(target, _api_of(scopes), scopes, form.get("tenant_id", ""), expires_at)
        body = {
            "access_token": token,
            "expires_in": int(settings.token_lifetime_s),
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }
        return Answer(200, body, {"Cache-Control": "no-store"})

    def find(self, authorization: str | None, now: float) -> Grant | None:
        """The grant behind an Authorization header, None when there is none or it ran out."""
        scheme, _, token = (authorization or "").partition(" ")
        grant = self._grants.get(token) if scheme == "Bearer" else None
        return grant if grant and grant.expires_at > now else None
