"""A request as it came in, taken apart but not yet judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.types import Receive, Scope

from outbox.sandbox.answers import refusal
from outbox.sandbox.contract import Api, Endpoint
from outbox.sandbox.validation import Invalid, check_body


@dataclass(frozen=True)
class Incoming:
    """parts: the path's parts, split before they are unquoted, so that an encoded slash stays inside its part."""

    method: str
    path: str
    parts: list[str]
    query: str
    body: bytes
    content_type: str
    authorization: str | None
    if_match: str | None
    request_id: str | None
    origin: str

    @property
    def target(self) -> str:
        return self.parts[0]

    @property
    def is_token_request(self) -> bool:
        return self.parts[1:] == ["connect", "token"]


async def read_incoming(scope: Scope, receive: Receive) -> Incoming:
    request = Request(scope, receive)
    headers = request.headers
    return Incoming(
        method=scope["method"],
        path=scope["path"],
        parts=[unquote(part) for part in scope["raw_path"].decode("ascii").split("/")[1:]],
        query=scope["query_string"].decode("ascii"),
        body=await request.body(),
        content_type=headers.get("content-type", ""),
        authorization=headers.get("authorization"),
        if_match=headers.get("if-match"),
        request_id=headers.get("x-request-id"),
        origin=f"http://{headers.get('host', '')}",
    )


def read_form(incoming: Incoming) -> dict[str, str]:
    """The fields of a form; nothing for any other content type."""
    if not incoming.content_type.startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(incoming.body.decode("utf-8", "replace")))


def read_query(incoming: Incoming, endpoint: Endpoint) -> dict[str, str]:
    """Raises Refusal for a parameter that the contract has not, or that stands there twice."""
    pairs = parse_qsl(incoming.query, keep_blank_values=True)
    query = dict(pairs)
    if len(query) < len(pairs) or not query.keys() <= set(endpoint.query):
        allowed = ", ".join(endpoint.query) or "none"
        raise refusal(endpoint.api, _bad(endpoint.api), f"Query parameters allowed here, each once: {allowed}.")
    return query


def read_body(incoming: Incoming, endpoint: Endpoint) -> Any:
    """The body with its wrappers off, None where the contract has none. Raises Refusal."""
    if endpoint.body is None:
        if incoming.body:
            raise refusal(endpoint.api, _bad(endpoint.api), "This request takes no body.")
        return None
    if incoming.content_type.partition(";")[0].strip().lower() != "application/json":
        raise refusal(endpoint.api, 415, "The content type must be application/json.")
    try:
        return check_body(json.loads(incoming.body, parse_constant=_refuse_constant), endpoint.body)
    except Invalid as invalid:
        raise refusal(endpoint.api, _bad(endpoint.api), str(invalid), invalid.error) from invalid
    except (ValueError, RecursionError) as error:
        raise refusal(endpoint.api, 400, "The body is not JSON.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _bad(api: Api) -> int:
    return 422 if api is Api.IDENTITY else 400
