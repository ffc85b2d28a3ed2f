"""What a rule gets and what it gives, and the vendor's error shapes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outbox.sandbox.contract import Api
from outbox.sandbox.state import Settings


@dataclass(frozen=True)
class Call:
    """One request that was routed, authorised and validated. `params` are the path's values, in order.

    body: as `validation.check_body` gives it. tenant: of the token. now: seconds, of a monotonic clock.
    """

    params: tuple[str, ...]
    query: Mapping[str, str]
    body: Any
    tenant: str
    if_match: str | None
    now: float
    settings: Settings


@dataclass(frozen=True)
class Answer:
    """body: a dict or list goes out as JSON, a str as HTML, None not at all. note: the change in words."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def content_type(self) -> str | None:
        if self.body is None:
            return None
        return "text/html; charset=utf-8" if isinstance(self.body, str) else "application/json; charset=utf-8"

    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, separators=(",", ":")).encode()


class Refusal(Exception):
    """Raised by a rule: nothing was changed, and this is the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def identity_refusal(status: int, code: str, why: str) -> Refusal:
    return Refusal(Answer(status, {"error_code": code, "error_description": why}))


def erp_refusal(status: int, why: str) -> Refusal:
    """The ERP's plain shape."""
    return Refusal(Answer(status, {"message": why}))


def ipp_refusal(status: int, why: str, fault_code: str) -> Refusal:
    """The shape of the ERP's gateway and of failures inside it."""
    return Refusal(
        Answer(
            status,
            {
                "ExceptionType": "IPPException",
                "ExceptionMessage": why,
                "ExceptionFaultCode": fault_code,
                "ExceptionMessageID": f"{fault_code}_{uuid.uuid4()}",
                "ExceptionDetails": "",
            },
        )
    )


def refusal(api: Api, status: int, why: str, code: str = "ERROR_INVALID_REQUEST") -> Refusal:
    """In the shape of the API that was called; `code` is for the identity API."""
    return identity_refusal(status, code, why) if api is Api.IDENTITY else erp_refusal(status, why)


GATEWAY_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"


def gateway_page(status: int, title: str) -> Answer:
    """What stands before the APIs and is none of them: HTML, no JSON."""
    return Answer(status, GATEWAY_PAGE.format(title=title))
