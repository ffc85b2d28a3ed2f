"""Every kind of call to the ERP against the vendor's own OpenAPI document, for whoever has it:

    pip install -e '.[vendor]'; pytest tests/targets/test_vendor.py --vendor-openapi FILE

Stricter than the document where that leaves things open: a field or a parameter that it does not know is a fault, and
so is a text that is not of the `format` it names, though by JSON Schema (OpenAPI 3.1) a format makes nothing invalid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from outbox.config import CompanySettings
from outbox.sandbox.contract import ENDPOINTS, Mark
from outbox.targets import connect
from outbox.targets.delivery import Action, Delivered
from outbox.targets.listing import Listing
from tests.targets.cloud import Cloud, ask, settings_for, work
from tests.targets.recording import Exchange, recording
from tests.targets.test_contract import all_of_the_erp
from tests.targets.test_segments import fill, made, value

pytestmark = pytest.mark.vendor

PUBLISHED = [e for e in ENDPOINTS if e.mark is Mark.PUBLISHED]
HOST = "https://api.finance.visma.net"
NO_OFFSET, CLEARED, NO_BODY = "no offset", "null clears", "no body"
# What docs/clouds.md explains. Another one is a mistake of ours, and one that is gone is to be taken out there, too.
EXPLAINED = {
    (NO_OFFSET, "POST /project", "startDate"),
    (NO_OFFSET, "POST /project", "endDate"),
    (NO_OFFSET, "PUT /project/{code}", "startDate"),
    (NO_OFFSET, "PUT /project/{code}", "endDate"),
    (CLEARED, "PUT /project/{code}", "endDate"),
}
# The same of what the sandbox answers in the vendor's place.
EXPLAINED_ANSWERS = {
    *(
        (NO_OFFSET, f"GET {path}", field)
        for path in ("/project", "/project/{code}")
        for field in ("startDate", "endDate")
    ),
    (NO_BODY, "POST /project", ""),
    (NO_BODY, "PUT /project/{code}", ""),
    (NO_BODY, "PUT /dimension/SUBACCOUNT/{segment}", ""),
}

Found = set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest) -> Any:
    """The vendor's document. It is not judged itself: only what is sent."""
    from openapi_core import Config, OpenAPI  # the extra `vendor`

    document = json.loads(Path(request.config.getoption("--vendor-openapi")).read_text())
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("type", "object")  # by the letter anything else would do, where the type is left out
    servers = [urlsplit(server["url"]).path.rstrip("/") for server in document.get("servers", [])] or [""]
    document["servers"] = [{"url": HOST + path} for path in servers]
    strict = Config(spec_validator_cls=None, additional_properties_default_policy="forbid")
    return OpenAPI.from_dict(document, strict)


@pytest.fixture(scope="module")
def exchanges(sandbox_url: str) -> Iterator[list[Exchange]]:
    """All that the product can ask of the ERP, recorded."""
    ask(sandbox_url, "POST", "/sandbox/reset")
    with recording(sandbox_url) as (url, calls):
        for origin, work_through in (
            (CompanySettings(template="STANDARD"), all_of_the_erp),
            (CompanySettings(def_sub={"1": "10"}), _what_goes_another_way),
        ):
            settings = settings_for(sandbox_url, "visma_net", erp_url=f"{url}/visma_net/erp/v1", defaults=origin)
            with closing(Cloud(sandbox_url, settings)) as cloud:
                work_through(cloud)
        yield calls


def _what_goes_another_way(cloud: Cloud) -> None:
    """Codes that do not fit a path, a mismatch, doubt, duplicates, what is in use, bad values, 202, lists."""
    tenant = cloud.company("002")
    parents, update = (tenant,), Action.UPDATE
    cloud.done("projects", "002", "A/B", document=work(), parents=parents)
    cloud.done("projects", "002", "A/B", action=update, document=work(status=None), parents=parents, etag='"old"')
    cloud.done("projects", "002", "A/B", document=work(end_date="2025-01-01"), parents=parents, in_doubt=True)
    cloud.done("projects", "002", "A/B", document=work(), parents=parents)  # a duplicate
    cloud.done("projects", "002", "gone", action=Action.REMOVE, remote_id=f"{tenant}/gone", parents=parents)
    for method, path in (("POST", "/project$"), ("PUT", "/project/P2$"), ("GET", "/project/P2$")):
        cloud.fault(path=path, method=method, kind="accepted", times=1)
    for told in ({}, {"action": update}, {"in_doubt": True}):
        cloud.done("projects", "002", "P2", document=work(end_date="2025-01-01"), parents=parents, **told)
    cloud.change(in_use=["1"])
    fill(cloud, tenant, ["1", "2"])
    cloud.deliver_batch(
        made("1", tenant, Action.REMOVE), made("2", tenant, update, description=None), value("X" * 40, tenant)
    )
    many = [f"{i:04}" for i in range(1200)]
    cloud.deliver_batch(*(value(code, tenant, description="\U0001f469" * 250) for code in many))
    (one,) = cloud.deliver_batch(made("0001", tenant, update, in_doubt=True))  # the segment is too large to be read
    assert isinstance(one, Delivered)
    cloud.run(_list_all(cloud, tenant))


async def _list_all(cloud: Cloud, tenant: str) -> None:
    listing = Listing(connect(cloud.settings))
    for resource in ("projects", "cost_types"):
        assert [held async for page in listing.pages(resource, ("002", tenant)) for held in page]
    await listing.close()


def test_every_call_is_valid_for_the_vendors_document(api: Any, exchanges: list[Exchange]) -> None:
    """But for what docs/clouds.md explains, by name; each published operation is among them."""
    assert {_place(e) for e in exchanges} == {f"{e.method} {e.path}" for e in PUBLISHED}
    found = {f for e in exchanges for f in _faults_of_the_call(api, e)}
    assert found - EXPLAINED == set(), "neither published nor explained in docs/clouds.md"
    assert EXPLAINED - found == set(), "docs/clouds.md explains what is no more"


def test_every_answer_of_the_sandbox_is_valid_for_the_vendors_document(api: Any, exchanges: list[Exchange]) -> None:
    found = {f for e in exchanges if e.status < 300 for f in _faults_of_the_answer(api, e)}
    assert found == EXPLAINED_ANSWERS


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("POST /project", {"body": b'{"description":{"value":"x"},"startDate":{"value":"2024-01-01T00:00:00"},"x":1}'}),
        ("POST /project", {"body": b'{"description":{"value":"x"}}'}),
        ("PUT /project/{code}", {"body": b'{"description":"x","startDate":{"value":"2024-01-01T00:00:00"}}'}),
        (
            "PUT /project/{code}",
            {"body": b'{"description":{"value":null},"startDate":{"value":"2024-01-01T00:00:00"}}'},
        ),
        ("PUT /project/{code}", {"method": "DELETE"}),
        ("PUT /dimension/SUBACCOUNT/{segment}", {"method": "POST"}),
        ("PUT /dimension/SUBACCOUNT/{segment}", {"body": b'{"segmentValues":[{"operation":"Upsert","value":"1"}]}'}),
        ("PUT /dimension/SUBACCOUNT/{segment}", {"body": b'{"segmentValues":[{"operation":"Insert","active":true}]}'}),
        ("PUT /dimension/SUBACCOUNT/{segment}", {"path": "/visma_net/erp/v1/dimension/SUBACCOUNT/one"}),
        ("GET /project", {"query": "pageNumber=1&per_page=100"}),
        ("GET /background/{operation}", {"path": "/visma_net/erp/v1/background/job-1"}),
    ],
)
def test_a_mistake_in_a_call_is_found(api: Any, exchanges: list[Exchange], place: str, changes: dict[str, Any]) -> None:
    """An unknown or missing field, a wrong wrapper, word, method, number, parameter: the judge itself is tried."""
    planted = replace(next(e for e in exchanges if _place(e) == place), **changes)
    assert _faults_of_the_call(api, planted) - EXPLAINED


# -- how it is judged ------------------------------------------------------------------------------------------------


def _path(exchange: Exchange) -> str:
    return exchange.path.removeprefix("/visma_net/erp/v1")


def _place(exchange: Exchange) -> str:
    """The method, and the path as the contract has it."""
    path = _path(exchange)
    (found,) = {e.path for e in PUBLISHED if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", e.path), path)}
    return f"{exchange.method} {found}"


def _call(exchange: Exchange) -> Any:
    from openapi_core.testing import MockRequest

    query, kind = dict(parse_qsl(exchange.query)), exchange.headers.get("content-type", "")
    path, headers = "/v1" + _path(exchange), dict(exchange.headers)
    return MockRequest(HOST, exchange.method, path, None, query, None, headers, None, exchange.body, kind)


def _faults_of_the_call(api: Any, exchange: Exchange) -> Found:
    read = api.unmarshal_request(_call(exchange))
    unknown = dict(parse_qsl(exchange.query)).keys() - read.parameters.query.keys()
    return _named(exchange, [*read.errors, *(ValueError(f"unknown parameter {name}") for name in unknown)])


def _faults_of_the_answer(api: Any, exchange: Exchange) -> Found:
    from openapi_core.testing import MockResponse

    kind = exchange.answer_headers.get("content-type", "")
    answer = MockResponse(exchange.answer, exchange.status, dict(exchange.answer_headers), kind)
    return _named(exchange, api.iter_response_errors(_call(exchange), answer))


def _named(exchange: Exchange, errors: Iterable[Exception]) -> Found:
    place = _place(exchange)
    return {(kind, place, field) for error in errors for kind, field in map(_name, _causes(error)) if kind}


def _causes(error: BaseException) -> list[Any]:
    """What a schema says is wrong; an error without a schema stands for itself."""
    inner: BaseException | None = error
    while inner is not None:
        if found := list(getattr(inner, "schema_errors", ())):
            return found
        inner = inner.__cause__
    return [error]


def _name(error: Any) -> tuple[str, str]:
    """What it is, and of which field. "": nothing, for the document says nothing of this object's fields."""
    path = [part for part in getattr(error, "absolute_path", ()) if isinstance(part, str)]
    field = next((part for part in reversed(path) if part != "value"), "")
    match getattr(error, "validator", None):
        case "format" if error.validator_value == "date-time" and re.fullmatch(r"[\dT:-]{19}", str(error.instance)):
            return NO_OFFSET, field
        case "type" if error.instance is None and path[-1:] == ["value"]:
            return CLEARED, field
        case "type" if isinstance(error.instance, dict) and "properties" not in error.schema:
            return "", ""
    if type(error).__name__ == "MissingData":
        return NO_BODY, field
    return f"{type(error).__name__}: {getattr(error, 'message', error)}"[:300], field
