"""Codes and names of any kind in addresses, headers and bodies."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outbox.config import TargetSettings
from outbox.errors import Refused
from outbox.targets.http import Http
from outbox.targets.keys import known_remote_id, natural_keys
from outbox.targets.wire import MAX_SEGMENT, erp_code, fill, legal_etag, legal_id
from tests.targets.cloud import DEADLINE_S, Cloud
from tests.targets.raw import RawServer, http

# What PostgreSQL can hold in a text.
CODES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
OVER_THE_WIRE = settings(max_examples=150)
TRAPS = ("..", ".", "%2e%2e", "a/../b", "\r\nX: y", "b64(UDEw)", "http://x/", "\\..\\", "\u2028", "é", "a b", "?", "#")

Ask = Callable[[str], str]


def with_traps(test: Callable[..., None]) -> Callable[..., None]:
    for trap in TRAPS:
        test = example(code=trap)(test)
    return test


@pytest.fixture
def arriving(raw: RawServer, raw_cloud: Cloud) -> Iterator[Ask]:
    """Which path arrives at the server when one is asked for, through every layer that might tidy it up."""
    raw.answers = [http(200, {})]
    connections = Http(connections=1, deadline_s=DEADLINE_S)

    def ask(path: str) -> str:
        raw.requests.clear()
        raw_cloud.run(connections.send("GET", raw.url + path, {}))
        return raw.requests[0][1]

    yield ask
    raw_cloud.run(connections.close())


@OVER_THE_WIRE
@with_traps
@given(code=CODES)
def test_an_erp_code_arrives_as_it_is(arriving: Ask, code: str) -> None:
    """In one path segment, percent-encoded or as b64(...), and never taken for the other."""
    before, shown, after = arriving(fill("/project/{code}/x", code=erp_code(code)))[1:].split("/")
    text = unquote(shown)
    if text.startswith("b64("):
        text = base64.urlsafe_b64decode(text[4:-1]).decode()
    assert (before, text, after) == ("project", code, "x")


@OVER_THE_WIRE
@with_traps
@given(code=CODES)
def test_an_app_code_arrives_as_it_is_or_is_refused(arriving: Ask, code: str) -> None:
    """There is no other way to write "." and ".."."""
    try:
        path = fill("/applications/{app}/x", app=code)
    except Refused:
        assert code in (".", "..")
        return
    before, shown, after = arriving(path)[1:].split("/")
    assert (before, unquote(shown), after) == ("applications", code, "x")


def test_a_code_too_long_for_an_address_is_refused() -> None:
    """Rather than sent in part."""
    with pytest.raises(Refused):
        fill("/project/{code}", code=erp_code("€" * MAX_SEGMENT))


@given(st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.lists(st.text())))
@example("../x")
@example("a/b")
@example("a\n")
@example("..")
@example("x" * 129)
def test_a_legal_id_needs_no_encoding(value: object) -> None:
    """What is taken as an id stands in an address as it is."""
    remote_id = legal_id(value)
    if remote_id is not None:
        assert fill("/users/{user}", user=remote_id) == f"/users/{value}"


@given(st.text(max_size=20).map(lambda s: f'"{s}"'))
@example('"a"\r\nX: y')
@example('"é"')
@example('"a" ')
def test_a_legal_etag_is_one_header_value(value: str) -> None:
    """Visible ASCII between quotes."""
    etag = legal_etag(value)
    assert etag is None or (etag.isascii() and etag.isprintable() and " " not in etag)


@pytest.mark.parametrize(
    ("resource", "key", "document", "expected"),
    [
        ("users", ("jansen",), {"email": "j@x.nl"}, ("j@x.nl",)),
        ("users", ("jansen",), {"email": None}, ()),
        ("users", ("jansen",), None, ()),
        ("companies", ("001",), None, ("AV1-001",)),
        ("company_access", ("jansen", "001"), {}, ()),
        ("projects", ("001", "P1"), {}, ()),
    ],
)
def test_natural_keys(
    resource: str, key: tuple[str, ...], document: dict[str, str | None] | None, expected: tuple[str, ...]
) -> None:
    """What a lost create can be looked up by."""
    assert natural_keys(resource, key, document, TargetSettings("visma_net", licence_prefix="AV1-")) == expected


@pytest.mark.parametrize(
    ("resource", "key", "parents", "expected"),
    [
        ("users", ("jansen",), (), None),
        ("companies", ("001",), (), None),
        ("company_access", ("jansen", "001"), ("u7", "t1"), "t1/u7"),
        ("app_access", ("jansen", "001", "A/B"), ("u7", "t1"), "t1/u7/A/B"),
        ("projects", ("001", "P/1"), ("t1",), "t1/P/1"),
        ("cost_types", ("001", "110"), ("t1",), "t1/110"),
        ("cost_centres", ("001", "110"), ("t1",), "t1/110"),
    ],
)
def test_known_remote_ids(resource: str, key: tuple[str, ...], parents: tuple[str, ...], expected: str | None) -> None:
    """Made of the parents' ids in the order of the resource's parents."""
    assert known_remote_id(resource, key, parents) == expected
