"""Cost types and cost centres: many values per call, split until the bad value stands alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from outbox.errors import NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.targets.delivery import Action, Delivered, Delivery
from tests.targets.cloud import Cloud, delivery
from tests.targets.raw import RawServer, http

PARENTS = ("tenant-1",)
TOO_LONG = "X" * 40


def value(code: str, tenant: str, action: Action = Action.CREATE, **rest: Any) -> Delivery:
    document = None if action is Action.REMOVE else {"description": rest.pop("description", "Verkoop"), "active": True}
    return delivery("cost_types", ("001", code), action, document=document, parents=(tenant,), **rest)


def made(code: str, tenant: str, action: Action, **rest: Any) -> Delivery:
    """Of something that the mirror has."""
    return value(code, tenant, action, remote_id=f"{tenant}/{code}", **rest)


def values(cloud: Cloud, tenant: str, segment: str = "1") -> dict[str, Any]:
    held: dict[str, Any] = cloud.state["segments"][tenant].get(segment, {})
    return held


def fill(cloud: Cloud, tenant: str, codes: Iterable[str]) -> None:
    outcomes = cloud.deliver_batch(*(value(code, tenant) for code in codes))
    assert all(isinstance(o, Delivered) for o in outcomes)
    cloud.calls.clear()


def paths(cloud: Cloud) -> list[str]:
    """The calls, one line each, though each is logged for every value."""
    calls = {id(call): call for _, call in cloud.calls}
    return [call.method for call in calls.values()]


# -- the happy way ---------------------------------------------------------------------------------------------------


def test_values_of_one_company_and_resource_are_one_group(visma_net: Cloud) -> None:
    """They go out in one call; everything else goes alone."""
    group = visma_net.target.group
    assert group(value("110", "t")) == group(value("120", "t")) == ("cost_types", "001")
    assert group(delivery("cost_centres", ("001", "110"))) == ("cost_centres", "001")
    assert group(delivery("cost_types", ("002", "110"))) == ("cost_types", "002")
    assert group(delivery("projects", ("001", "110"))) is None
    assert group(delivery("users", ("jansen",))) is None


def test_many_values_are_one_call(visma_net: Cloud, tenant: str) -> None:
    """200 inserts, one PUT; each outcome has its own remote id, each delivery its evidence."""
    codes = [f"{i:03}" for i in range(200)]
    outcomes = visma_net.deliver_batch(*(value(code, tenant) for code in codes))
    assert outcomes == [Delivered(f"{tenant}/{code}", http_status=204) for code in codes]
    assert paths(visma_net) == ["PUT"]
    assert [d.key[1] for d, _ in visma_net.calls] == codes
    assert values(visma_net, tenant) == {code: {"description": "Verkoop", "active": True} for code in codes}


def test_what_is_sent(raw: RawServer, raw_cloud: Cloud) -> None:
    """Operation and value are plain, description and active are wrapped. An empty text clears, for the published type
    knows no null, and a new value has nothing to clear.
    """
    raw.answers = [http(204, ETag='"1"')]
    raw_cloud.deliver_batch(
        value("1", "tenant-1"),
        made("2", "tenant-1", Action.UPDATE, description=None),
        made("3", "tenant-1", Action.REMOVE),
        value("4", "tenant-1", description=None),
        value("5", "tenant-1", description=""),
    )
    assert raw.asked == ["PUT /dimension/SUBACCOUNT/1"]
    assert json.loads(raw.requests[0][3]) == {
        "segmentValues": [
            {"operation": "Insert", "value": "1", "description": {"value": "Verkoop"}, "active": {"value": True}},
            {"operation": "Update", "value": "2", "description": {"value": ""}, "active": {"value": True}},
            {"operation": "Delete", "value": "3"},
            {"operation": "Insert", "value": "4", "active": {"value": True}},
            {"operation": "Insert", "value": "5", "active": {"value": True}},
        ]
    }


def test_cost_types_and_cost_centres_are_the_segments_of_the_settings(open_cloud: Callable[..., Cloud]) -> None:
    """Segment numbers are settings."""
    cloud = open_cloud("visma_net", cost_type_segment=3, cost_centre_segment=4)
    tenant = cloud.company()
    for resource in ("cost_types", "cost_centres"):
        document = {"description": resource, "active": False}
        cloud.done(resource, "001", "110", document=document, parents=(tenant,))
    assert values(cloud, tenant, "3") == {"110": {"description": "cost_types", "active": False}}
    assert values(cloud, tenant, "4") == {"110": {"description": "cost_centres", "active": False}}


def test_updates_and_removals_go_in_the_same_call(visma_net: Cloud, tenant: str) -> None:
    """Delete where it is possible."""
    fill(visma_net, tenant, ["1", "2"])
    visma_net.deliver_batch(
        made("1", tenant, Action.UPDATE, description="Inkoop"), made("2", tenant, Action.REMOVE), value("3", tenant)
    )
    assert paths(visma_net) == ["PUT"]
    assert {code: v["description"] for code, v in values(visma_net, tenant).items()} == {"1": "Inkoop", "3": "Verkoop"}


# -- splitting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [0, 7, 19])
def test_one_bad_value_does_not_hold_up_the_others(visma_net: Cloud, tenant: str, bad: int) -> None:
    """It stands alone in the end, and gets the target's words; wherever in the batch it was."""
    codes = [TOO_LONG if i == bad else f"{i:02}" for i in range(20)]
    outcomes = visma_net.deliver_batch(*(value(code, tenant) for code in codes))
    failed = outcomes.pop(bad)
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert isinstance(failed, Transient)
    assert "longer than 30 characters" in failed.why
    assert failed.http_status == 500
    assert len(values(visma_net, tenant)) == 19
    assert len(paths(visma_net)) <= 2 + 3 * 5


def test_several_bad_values_fail_each_on_their_own(visma_net: Cloud, tenant: str) -> None:
    """And only they."""
    codes = [f"{TOO_LONG}{i}" if i % 5 == 0 else f"{i:02}" for i in range(20)]
    outcomes = visma_net.deliver_batch(*(value(code, tenant) for code in codes))
    assert [isinstance(o, Transient) for o in outcomes] == [i % 5 == 0 for i in range(20)]


def test_insert_or_update_is_chosen_anew_after_a_failure(visma_net: Cloud, tenant: str) -> None:
    """The mirror was wrong about all four: three calls make it right, nothing is split."""
    fill(visma_net, tenant, ["1", "2"])
    outcomes = visma_net.deliver_batch(
        value("1", tenant, description="Inkoop"),
        value("2", tenant),
        made("3", tenant, Action.UPDATE),
        made("4", tenant, Action.REMOVE),
    )
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert paths(visma_net) == ["PUT", "GET", "PUT"]
    assert {code: v["description"] for code, v in values(visma_net, tenant).items()} == {
        "1": "Inkoop",
        "2": "Verkoop",
        "3": "Verkoop",
    }


def test_a_value_in_use_is_made_inactive_instead(visma_net: Cloud, tenant: str) -> None:
    """Delete of a used value is refused: then Update with active false."""
    fill(visma_net, tenant, ["110", "120", "130"])
    visma_net.change(in_use=["120"])
    outcomes = visma_net.deliver_batch(*(made(code, tenant, Action.REMOVE) for code in ("110", "120", "130")))
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert values(visma_net, tenant) == {"120": {"description": "Verkoop", "active": False}}


@pytest.mark.parametrize(("status", "kind"), [(500, Unknown), (400, Refused)])
def test_a_value_that_cannot_even_be_made_inactive_says_so(
    raw: RawServer, raw_cloud: Cloud, status: int, kind: type[Exception]
) -> None:
    """After a 500 nobody knows whether it is active: in doubt, not "as before"."""
    there = http(200, {"segmentValues": [{"valueId": "1", "description": "x", "active": True}]})
    raw.answers = [http(500), there, http(status, {"message": "no"})]
    (outcome,) = raw_cloud.deliver_batch(made("1", "tenant-1", Action.REMOVE))
    assert type(outcome) is kind
    last = json.loads(raw.requests[-1][3])["segmentValues"]
    assert last == [{"operation": "Update", "value": "1", "description": {"value": "x"}, "active": {"value": False}}]


def test_removing_an_inactive_value_in_use_again_changes_nothing(visma_net: Cloud, tenant: str) -> None:
    """It is as removed as it can be."""
    fill(visma_net, tenant, ["120"])
    visma_net.change(in_use=["120"])
    for _ in range(2):
        (outcome,) = visma_net.deliver_batch(made("120", tenant, Action.REMOVE))
        assert isinstance(outcome, Delivered)


def test_a_failed_batch_that_was_applied_all_the_same_is_done(visma_net: Cloud, tenant: str) -> None:
    """Read back: what is as it should be is not written again."""
    visma_net.fault(path="/dimension/", method="PUT", kind="status_after", status=500, times=1)
    outcomes = visma_net.deliver_batch(value("1", tenant), value("2", tenant))
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert paths(visma_net) == ["PUT", "GET"]


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_is_split_as_well(raw: RawServer, raw_cloud: Cloud, status: int) -> None:
    """The words go to the one value that is at fault."""
    empty = http(200, {"segmentValues": []}, ETag='"1"')
    no = http(status, {"message": "no"})
    raw.answers = [no, empty, http(204), no, empty]
    good, bad = raw_cloud.deliver_batch(value("1", "tenant-1"), value("2", "tenant-1"))
    assert isinstance(good, Delivered)
    assert type(bad) is Refused


# -- doubt -----------------------------------------------------------------------------------------------------------


def test_a_lost_answer_leaves_every_value_in_doubt(visma_net: Cloud, tenant: str) -> None:
    """Not read at once: it may still land."""
    visma_net.fault(path="/dimension/", method="PUT", kind="drop_after", times=1)
    outcomes = visma_net.deliver_batch(value("1", tenant), value("2", tenant))
    assert {type(o) for o in outcomes} == {Unknown}
    assert paths(visma_net) == ["PUT"]


def test_a_value_in_doubt_has_the_segment_read_first(visma_net: Cloud, tenant: str) -> None:
    """Then Insert or Update is chosen, and what is right already is left alone."""
    fill(visma_net, tenant, ["1"])
    outcomes = visma_net.deliver_batch(
        value("1", tenant, in_doubt=True), made("2", tenant, Action.UPDATE, in_doubt=True), value("3", tenant)
    )
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert paths(visma_net) == ["GET", "PUT"]
    assert sorted(values(visma_net, tenant)) == ["1", "2", "3"]


@pytest.mark.parametrize("blank", [None, ""])
def test_a_description_that_is_cleared_is_as_it_should_be(visma_net: Cloud, tenant: str, blank: str | None) -> None:
    """However the view and the ERP write a blank: a value that has none is not written again."""
    fill(visma_net, tenant, ["1"])
    cleared = made("1", tenant, Action.UPDATE, description=blank)
    visma_net.fault(path="/dimension/", method="PUT", kind="status_after", status=500, times=1)
    for doubted in (cleared, replace(cleared, in_doubt=True)):
        (outcome,) = visma_net.deliver_batch(doubted)
        assert isinstance(outcome, Delivered)
    assert paths(visma_net) == ["PUT", "GET", "GET"]
    assert values(visma_net, tenant)["1"]["description"] is None


def test_a_late_request_of_ours_is_refused_by_its_etag(raw: RawServer, raw_cloud: Cloud) -> None:
    """If-Match is the segment's last ETag; after 412 the segment is read and chosen anew."""
    held = http(200, {"segmentValues": [{"valueId": "2", "description": "x", "active": True}]}, ETag='"5"')
    raw.answers = [http(204, ETag='"1"'), http(412), held, http(204, ETag='"6"')]
    raw_cloud.deliver_batch(value("1", "tenant-1"))
    raw_cloud.deliver_batch(value("2", "tenant-1"))
    matches = [headers.get("if-match") for method, _, headers, _ in raw.requests if method == "PUT"]
    assert matches == [None, '"1"', '"5"']
    assert json.loads(raw.requests[-1][3])["segmentValues"][0]["operation"] == "Update"


def test_a_segment_that_changes_all_the_time_is_tried_again_later(raw: RawServer, raw_cloud: Cloud) -> None:
    """At most 3 times again, and it is no value's fault."""
    raw.answers = [http(412), *[http(200, {"segmentValues": []}, ETag='"5"'), http(412)] * 20]
    outcomes = raw_cloud.deliver_batch(value("1", "tenant-1"), value("2", "tenant-1"))
    assert {type(o) for o in outcomes} == {Transient}
    assert sum(method == "PUT" for method, *_ in raw.requests) == 4


def test_a_segment_too_large_to_be_read_is_read_value_by_value(raw: RawServer, raw_cloud: Cloud) -> None:
    """/{valueId} with the id Base64-encoded."""
    there = http(200, {"valueId": "1?", "description": "x", "active": True})
    raw.answers = [http(200, b"[" + b" " * 1_100_000 + b"]"), there, http(404, {"message": "no"}), http(204)]
    outcomes = raw_cloud.deliver_batch(value("1?", "tenant-1", in_doubt=True), value("2", "tenant-1", in_doubt=True))
    assert all(isinstance(o, Delivered) for o in outcomes)
    assert raw.asked[1:3] == ["GET /dimension/SUBACCOUNT/1/MT8=", "GET /dimension/SUBACCOUNT/1/Mg=="]
    operations = [v["operation"] for v in json.loads(raw.requests[-1][3])["segmentValues"]]
    assert operations == ["Update", "Insert"]


def test_a_removal_of_a_value_that_is_not_there_is_done_with_what_was_answered(
    raw: RawServer, raw_cloud: Cloud
) -> None:
    """404 to the question for it alone."""
    raw.answers = [http(200, b"[" + b" " * 1_100_000 + b"]"), http(404, {"message": "no"})]
    assert raw_cloud.deliver_batch(made("1", "tenant-1", Action.REMOVE, in_doubt=True)) == [
        Delivered("tenant-1/1", http_status=404)
    ]


# -- what is no value's fault ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(429, Retry_After="5"), Transient),
        (http(503), Transient),
        (http(404, b"<html>", "text/html"), PlatformDown),
        (http(403, {"ExceptionMessage": "No license for this company.", "ExceptionFaultCode": "12027"}), NotAllowed),
        (http(502), Unknown),
    ],
)
def test_what_concerns_the_platform_concerns_all_values(
    raw: RawServer, raw_cloud: Cloud, answer: bytes, kind: type[Exception]
) -> None:
    """Nothing is split for it."""
    raw.answers = [answer]
    outcomes = raw_cloud.deliver_batch(value("1", "tenant-1"), value("2", "tenant-1"))
    assert {type(o) for o in outcomes} == {kind}
    assert len(raw.requests) == 1


def test_what_was_done_before_the_platform_failed_stays_done(raw: RawServer, raw_cloud: Cloud) -> None:
    """In the middle of splitting: the first half is through, the second waits."""
    empty = http(200, {"segmentValues": []}, ETag='"1"')
    raw.answers = [http(500), empty, http(204), http(429, Retry_After="5")]
    first, second = raw_cloud.deliver_batch(value("1", "tenant-1"), value("2", "tenant-1"))
    assert isinstance(first, Delivered)
    assert isinstance(second, Transient)
    assert second.retry_after_s == 5.0


def test_a_failure_that_cannot_be_read_back_is_in_doubt(raw: RawServer, raw_cloud: Cloud) -> None:
    """Nobody knows which values were applied."""
    raw.answers = [http(500), http(500)]
    outcomes = raw_cloud.deliver_batch(value("1", "tenant-1"), value("2", "tenant-1"))
    assert {type(o) for o in outcomes} == {Unknown}


@pytest.mark.parametrize(
    "answer",
    [
        {"segmentValues": {}},
        {"segmentValues": [{"description": "x"}]},
        {"segmentValues": ["1"]},
        {"values": []},
        [],
    ],
)
def test_a_segment_that_is_not_as_promised_is_not_believed(raw: RawServer, raw_cloud: Cloud, answer: object) -> None:
    """Absence must be seen, not assumed."""
    raw.answers = [http(200, answer)]
    (outcome,) = raw_cloud.deliver_batch(value("1", "tenant-1", in_doubt=True))
    assert type(outcome) is Transient


def test_a_segment_that_does_not_exist_names_the_setting(open_cloud: Callable[..., Cloud]) -> None:
    """A wrong number pauses the company, it does not kill its ten thousand values."""
    cloud = open_cloud("visma_net", cost_type_segment=12)
    (outcome,) = cloud.deliver_batch(value("1", cloud.company()))
    assert isinstance(outcome, NotAllowed)
    assert outcome.company == "001"
    assert "cost_type_segment" in outcome.why


def test_one_call_at_a_time_per_segment(visma_net: Cloud, tenant: str) -> None:
    """Also when the relay would hand over two batches."""
    visma_net.fault(path="/dimension/", kind="latency", latency_ms=100)
    visma_net.deliver_together(value("1", tenant), value("2", tenant))
    first, second = (call for _, call in visma_net.calls)
    assert second.started_at >= first.started_at + 0.099


def test_a_company_made_again_has_its_values_in_the_new_tenant(visma_net: Cloud, tenant: str) -> None:
    """Removals are of what was made where it was made; all else is of the company as it is now."""
    fill(visma_net, tenant, ["1"])
    new = visma_net.company("002")
    outcomes = visma_net.deliver_batch(
        delivery("cost_types", ("001", "1"), Action.REMOVE, remote_id=f"{tenant}/1", parents=(new,)), value("2", new)
    )
    assert outcomes == [Delivered(f"{tenant}/1", http_status=204), Delivered(f"{new}/2", http_status=204)]
    assert values(visma_net, tenant) == {}
    assert list(values(visma_net, new)) == ["2"]
