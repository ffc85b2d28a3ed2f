"""What a target really holds, list by list: all of it, or nothing is known."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from outbox.errors import CloudError, Transient
from outbox.targets import connect, held
from outbox.targets.held import Held
from outbox.targets.listing import ListChanged, Listing
from tests.targets.cloud import Cloud
from tests.targets.raw import RawServer, http

ERP = ("001", "tenant-1")
Lists = Callable[[str, tuple[str, ...]], list[Held]]


@pytest.fixture
def lists(raw_cloud: Cloud) -> Iterator[Lists]:
    """All objects of one list of the raw server."""
    listing = Listing(connect(raw_cloud.settings))

    async def all_of(resource: str, place: tuple[str, ...]) -> list[Held]:
        return [item async for page in listing.pages(resource, place) for item in page]

    yield lambda resource, place: raw_cloud.run(all_of(resource, place))
    raw_cloud.run(listing.close())


def projects(*codes: str, total: int | None = None) -> bytes:
    metadata = {} if total is None else {"metadata": {"totalCount": total, "maxPageSize": 500}}
    return http(200, [{"projectID": code, "description": "Dak", **metadata} for code in codes])


def users(*ids: object, pages: object = 1, **rest: Any) -> bytes:
    return http(200, {"users": [{"id": i, "email": f"{i}@x.nl"} for i in ids], "total_pages": pages, **rest})


def test_projects_end_where_a_page_is_shorter(raw: RawServer, lists: Lists) -> None:
    """Whether or not the ERP says how many there are."""
    raw.answers = [projects("P1", "P2"), projects("P3", "P4"), projects("P5")]
    assert [held.name for held in lists("projects", ERP)] == ["P1", "P2", "P3", "P4", "P5"]
    raw.answers = [projects("P1", "P2", total=3), projects("P3", total=3)]
    assert len(lists("projects", ERP)) == 3


def test_a_list_that_is_put_off_is_waited_for(raw: RawServer, lists: Lists) -> None:
    """A 202 of the ERP, as with any other call; an end that is not seen is no list."""
    ended = http(200, {"status": "Finished", "statusCode": 200, "hasResponseContent": True})
    raw.answers = [http(202, {"id": "job-1"}), ended, projects("P1"), projects()]
    assert [held.name for held in lists("projects", ERP)] == ["P1"]
    raw.answers = [http(202, {"id": "job-1"}), http(500)]
    with pytest.raises(CloudError):
        lists("projects", ERP)


def test_projects_that_are_fewer_than_promised_are_no_list(raw: RawServer, lists: Lists) -> None:
    """A page that came short would look like projects that are gone."""
    raw.answers = [projects("P1", "P2", total=5), projects("P3", total=5)]
    with pytest.raises(ListChanged, match="3 projects were listed, 5 were promised"):
        lists("projects", ERP)


@pytest.mark.parametrize(
    "second",
    [
        users("u3", pages=3),
        users("u1", pages=2),
        users("u3", pages=2, total_users=9),
        users("u3", "../u4", pages=2),
        users("u3", "https://x/y", pages=2),
        users("u3", "a\x00", pages=2),
        users("u3", "\ud800", pages=2),
        users("u3", None, pages=2),
        users("u3", pages="many"),
        users("u3", pages=10**9),
        http(200, {"users": {}, "total_pages": 2}),
        http(200, b"[" * 500_000),
        http(500),
        http(404, {"error_code": "ERROR_NOT_FOUND"}),
    ],
)
def test_users_of_which_one_page_is_not_as_promised_are_no_list(raw: RawServer, lists: Lists, second: bytes) -> None:
    """More or fewer pages than before, somebody twice, an id that is none: nothing of the first page counts."""
    raw.answers = [users("u1", "u2", pages=2), second]
    with pytest.raises(CloudError) as caught:
        lists("users", ())
    assert isinstance(caught.value, Transient)


def test_a_list_without_a_number_of_pages_is_read_to_its_end(raw: RawServer, lists: Lists) -> None:
    """An empty page ends it, however many are on a page; or the first comes again: there are no pages."""
    raw.answers = [users("u1", "u2", pages=None), users("u3", pages=None), users(pages=None)]
    assert [held.remote_id for held in lists("users", ())] == ["u1", "u2", "u3"]
    raw.answers = [users("u1", "u2", pages=None)]
    assert [held.remote_id for held in lists("users", ())] == ["u1", "u2"]


def test_examples_in_the_docstrings_hold() -> None:
    """Among them that a fraction or an offset behind a time is no difference."""
    assert doctest.testmod(held) == doctest.TestResults(0, 3)
