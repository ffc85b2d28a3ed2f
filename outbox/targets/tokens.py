"""Access tokens: one per scope and tenant, kept until shortly before their end, one renewal of each at a time."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from outbox.config import Secret, TargetSettings
from outbox.errors import CloudError, ConfigError, NotAllowed, PlatformDown, Transient
from outbox.targets.answers import Answer, Asked, judge
from outbox.targets.http import Http, NoReply, Reply
from outbox.targets.replies import parse

RENEW_BEFORE_END_S = 60.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_OF_THE_CLIENT = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"})
_REFUSED = frozenset({400, 401, 403})
_FOR_EVER_S = 1e9
_VISIBLE = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True)
class Company:
    """A company whose own token is used: its code here and its tenant id there."""

    code: str
    tenant: str


@dataclass(frozen=True)
class _Token:
    text: str
    renew_at: float


class Tokens:
    """The tokens of one client. clock: monotonic seconds."""

    def __init__(self, http: Http, settings: TargetSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._settings = settings
        self._secret = settings.client_secret
        self._clock = clock
        self._tokens: dict[tuple[str, str | None], _Token] = {}
        self._renewals: dict[tuple[str, str | None], asyncio.Task[_Token]] = {}

    async def get(self, scope: str, company: Company | None) -> str:
        """A token that is good for some time. Raises NotAllowed, PlatformDown, Transient."""
        key = (scope, company.tenant if company else None)
        token = self._tokens.get(key)
        if token is None or self._clock() >= token.renew_at:
            token = await self._renew(key, company)
        return token.text

    def forget(self, scope: str, company: Company | None, text: str) -> None:
        """The target did not take this one. A newer one, fetched meanwhile by somebody else, stays."""
        key = (scope, company.tenant if company else None)
        token = self._tokens.get(key)
        if token is not None and token.text == text:
            del self._tokens[key]

    async def _renew(self, key: tuple[str, str | None], company: Company | None) -> _Token:
        """All who wait share one request and its failure: eight in turn would wait eight deadlines."""
        task = self._renewals.get(key)
        if task is None:
            task = self._renewals[key] = asyncio.create_task(self._fetch(key, company))
            task.add_done_callback(lambda done: self._renewed(key, done))
        return await asyncio.shield(task)

    def _renewed(self, key: tuple[str, str | None], task: asyncio.Task[_Token]) -> None:
        del self._renewals[key]
        if not task.cancelled() and task.exception() is None:
            self._tokens[key] = task.result()

    async def _fetch(self, key: tuple[str, str | None], company: Company | None) -> _Token:
        """A refusal may mean that the secret was changed: it is read again, and tried once if it is another."""
        asked_at, tried = self._clock(), self._secret
        reply = await self._ask(key)
        if reply.status in _REFUSED and self._has_another_secret(tried):
            reply = await self._ask(key)
        if reply.status in _REFUSED:
            raise self._refusal(reply, company)
        private = (self._secret.reveal(),)
        asked = Asked("GET", "token", company.code if company else None, private)  # asking twice does no harm
        return self._read(judge(reply, asked, time.time()), asked_at)

    async def _ask(self, key: tuple[str, str | None]) -> Reply:
        scope, tenant = key
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._secret.reveal(),
            "scope": scope,
        }
        if tenant is not None:
            form["tenant_id"] = tenant
        try:
            return await self._http.send("POST", self._settings.token_url, _FORM, urlencode(form).encode())
        except NoReply as silence:
            raise PlatformDown(f"no token for {self._settings.name}: {silence.why}") from None

    def _has_another_secret(self, tried: Secret) -> bool:
        """Than the one that was refused: meanwhile another token may have read it. What is in the file is no secret, or
        it is gone: the old one stays, and the refusal stands.
        """
        with suppress(ConfigError):
            self._secret = self._secret.read_again()
        return self._secret != tried

    def _read(self, answer: Answer | CloudError, asked_at: float) -> _Token:
        if isinstance(answer, Transient) and answer.retry_after_s is not None:
            raise answer
        body = answer.body if isinstance(answer, Answer) and isinstance(answer.body, dict) else {}
        text, expires_in = body.get("access_token"), body.get("expires_in")
        if not isinstance(expires_in, int | float) or expires_in > _FOR_EVER_S:
            expires_in = None
        if not isinstance(text, str) or not _VISIBLE.fullmatch(text) or expires_in is None:
            why = answer.why if isinstance(answer, CloudError) else "the answer holds none, or not how long it lasts"
            raise PlatformDown(f"no token for {self._settings.name}: {why}")
        # A token that lives for less than two minutes is used for half its life, instead of never.
        return _Token(text, asked_at + max(expires_in - RENEW_BEFORE_END_S, expires_in / 2))

    def _refusal(self, reply: Reply, company: Company | None) -> NotAllowed:
        """Only the error's name is told: its description may repeat what was sent."""
        body = parse(reply)
        error = body.get("error") if isinstance(body, dict) else None
        name = error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else "no reason given"
        if company is not None and name not in _OF_THE_CLIENT:
            why = f"no token for company {company.code} of {self._settings.name} ({name}); is its tenant id right?"
            return NotAllowed(why, http_status=reply.status, company=company.code)
        return NotAllowed(
            f"the cloud does not accept the client of {self._settings.name} ({name}); "
            f"check client_id and client_secret of target {self._settings.name}",
            http_status=reply.status,
        )

    async def close(self) -> None:
        for task in tuple(self._renewals.values()):
            task.cancel()
        await asyncio.gather(*self._renewals.values(), return_exceptions=True)
