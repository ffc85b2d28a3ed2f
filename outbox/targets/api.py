"""Calls of one API: authorised, logged, judged."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from outbox.errors import CloudError, NotAllowed
from outbox.targets.answers import Answer, Asked, Verdict, judge, judge_silence, unexpected
from outbox.targets.delivery import Call, Delivery, Log
from outbox.targets.http import MAX_ANSWER_BYTES, Http, NoReply
from outbox.targets.rates import Gate, read_rate
from outbox.targets.tokens import Company, Tokens

_PRIVATE_COLUMNS = ("first_name", "last_name", "email")


class Api:
    """One API of one target. per_company: how many calls may be under way for one company."""

    def __init__(
        self, http: Http, tokens: Tokens, gate: Gate, *, url: str, scopes: tuple[str, ...], per_company: int
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._gate = gate
        self._url = url
        self._scope = " ".join(scopes)
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_company))

    async def send(self, errand: Errand, asked: Asked, url: str, content: bytes | None, if_match: str | None) -> Answer:
        """Raises CloudError. A token that the API does not take is renewed once; 401 says that nothing was done."""
        if errand.company is None:
            return await self._send(errand, asked, url, content, if_match)
        async with self._slots[errand.company.tenant]:
            return await self._send(errand, asked, url, content, if_match)

    async def _send(
        self, errand: Errand, asked: Asked, url: str, content: bytes | None, if_match: str | None
    ) -> Answer:
        for last in (False, True):
            token = await self._tokens.get(self._scope, errand.company)
            headers = _headers(errand, token, content, if_match)
            answer = await self._exchange(errand, asked.keeping(token), url, content, headers)
            if isinstance(answer, Answer):
                return answer
            if last or not (isinstance(answer, NotAllowed) and answer.http_status == 401):
                raise answer
            self._tokens.forget(self._scope, errand.company, token)
        raise AssertionError("unreachable")

    async def _exchange(
        self, errand: Errand, asked: Asked, url: str, content: bytes | None, headers: dict[str, str]
    ) -> Answer | CloudError:
        """One call, recorded whatever becomes of it; one that the gate does not let out was none."""
        scope = asked.company or ""
        await self._gate.enter(scope)
        started_at = time.monotonic()
        status: int | None = None
        said: Mapping[str, str] = {}
        error: str | None = "cancelled"
        try:
            reply = await self._http.send(asked.method, self._url + url, headers, content, errand.largest_bytes)
            status, said = reply.status, reply.headers
            answer = judge(reply, asked, time.time())
            error = answer.why if isinstance(answer, CloudError) else (answer.words or None)
        except NoReply as silence:
            answer = judge_silence(silence, asked)
            error = answer.why
        finally:
            self._gate.left(scope, read_rate(said, time.time()), status is not None and 200 <= status < 300)
            took_ms = (time.monotonic() - started_at) * 1000
            errand.record(Call(asked.method, asked.path, started_at, took_ms, status, error))
        return answer


def _headers(errand: Errand, token: str, content: bytes | None, if_match: str | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": str(errand.batch[0].message_id)}
    if content is not None:
        headers["Content-Type"] = "application/json"
    if if_match is not None:
        headers["If-Match"] = if_match
    return headers


@dataclass(frozen=True)
class Errand:
    """The calls that one delivery needs, or one batch of them. company: whose token is used. largest_bytes: a longer
    answer is cut off.
    """

    api: Api
    batch: tuple[Delivery, ...]
    log: Log
    company: Company | None = None
    largest_bytes: int = MAX_ANSWER_BYTES

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str | int] | None = None,
        if_match: str | None = None,
        also: tuple[Verdict, ...] = (),
    ) -> Answer:
        """The answer, where it is DONE or in `also`; everything else is raised as a CloudError."""
        asked = self.asked(method, path)
        url = f"{path}?{urlencode(query)}" if query else path
        content = None if body is None else json.dumps(body).encode()
        answer = await self.send(asked, url, content, if_match)
        if answer.verdict is not Verdict.DONE and answer.verdict not in also:
            unexpected(answer)
        return answer

    async def send(self, asked: Asked, url: str, content: bytes | None, if_match: str | None) -> Answer:
        return await self.api.send(self, asked, url, content, if_match)

    def record(self, call: Call) -> None:
        """Under every delivery that the call was made for: each can be found by its key."""
        for delivery in self.batch:
            self.log(delivery, call)

    def asked(self, method: str, path: str) -> Asked:
        """The call as its answer is judged."""
        documents = [d.document for d in self.batch if d.resource == "users"]
        private = tuple(str(doc[c]) for doc in documents if doc for c in _PRIVATE_COLUMNS if doc.get(c))
        return Asked(method, path, self.company.code if self.company else None, private)
