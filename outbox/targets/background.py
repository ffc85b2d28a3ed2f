"""A 202 of the ERP, which nobody asked for, followed to its end (P: GET /background/{id}, then .../content)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from typing import Any

from outbox.errors import CloudError, Unknown
from outbox.targets.answers import Answer, Asked, Verdict, judge
from outbox.targets.api import Errand
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.http import Reply
from outbox.targets.wire import fill, legal_id

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 5.0
# After that it is in doubt, and is read back like everything that is.
_FOLLOWED_S = 60.0


@dataclass(frozen=True)
class PatientErrand(Errand):
    """Calls whose answer, once accepted, is waited for."""

    async def send(self, asked: Asked, url: str, content: bytes | None, if_match: str | None) -> Answer:
        answer = await super().send(asked, url, content, if_match)
        return await self._follow(answer, asked) if answer.verdict is Verdict.ACCEPTED else answer

    async def _follow(self, accepted: Answer, asked: Asked) -> Answer:
        """The answer that the call would have had; Unknown where the end is not to be seen."""
        job = legal_id(accepted.body.get("id")) if isinstance(accepted.body, dict) else None
        if job is None:
            raise Unknown(f"{asked} was answered 202 without a job to follow", http_status=202)
        wait_s, end = _FIRST_WAIT_S, time.monotonic() + _FOLLOWED_S
        while time.monotonic() < end:
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            state = await self._state(job, asked)
            if state.get("status") in ("Finished", "Failed"):
                answer = _outcome(state, await self._content(job, state, asked), asked)
                if isinstance(answer, CloudError):
                    raise answer
                return answer
        raise Unknown(f"{asked} was answered 202 and was not at its end after {_FOLLOWED_S:g} s", http_status=202)

    async def _state(self, job: str, asked: Asked) -> dict[str, Any]:
        body = await self._look(self.asked("GET", fill(ErpEndpoints.background, job=job)), asked)
        if not isinstance(body, dict):
            raise Unknown(f"{asked} was answered 202, and then with no state", http_status=202)
        return body

    async def _content(self, job: str, state: dict[str, Any], asked: Asked) -> Any:
        """The body of the answer, where it has one: what was read, or what is wrong. It may well be an error's."""
        if state.get("hasResponseContent") is not True:
            return None
        path = fill(ErpEndpoints.background_content, job=job)
        return await self._look(replace(self.asked("GET", path), of_a_job=True), asked)

    async def _look(self, look: Asked, asked: Asked) -> Any:
        """A look that fails says nothing about what was asked for."""
        try:
            answer = await self.api.send(self, look, look.path, None, None)
        except CloudError as error:
            raise Unknown(f"{asked} was answered 202, and then: {error.why}", http_status=202) from None
        if answer.verdict is not Verdict.DONE:
            why = f"{asked} was answered 202, and then {answer.what} with {answer.status}: {answer.words}"
            raise Unknown(why, http_status=202)
        return answer.body


def _outcome(state: dict[str, Any], body: Any, asked: Asked) -> Answer | CloudError:
    """Judged as the answer that the call would have had."""
    status = state.get("statusCode")
    failed = state.get("status") == "Failed"
    if not isinstance(status, int) or not (300 if failed else 200) <= status < 600 or status == 202:
        return Unknown(f"{asked} was answered 202 and ended without a status", http_status=202)
    words = state.get("errorMessage")
    if body is None and words and status >= 300:
        body = {"message": words}
    headers = state.get("responseHeaders")
    known = {k.lower(): v for k, v in headers.items() if isinstance(v, str)} if isinstance(headers, dict) else {}
    kept = {name: known[name] for name in ("etag", "retry-after", "date") if name in known}
    content = b"" if body is None else json.dumps(body).encode()
    return judge(Reply(status, {**kept, "content-type": "application/json"}, content), asked, time.time())
