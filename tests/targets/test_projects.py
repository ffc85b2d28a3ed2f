"""Projects: wrapped values, ETag and If-Match, no delete, read back before judging."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Unpack

import pytest

from outbox.config import CompanySettings
from outbox.errors import NotAllowed, Refused, Transient, Unknown
from outbox.targets.delivery import Action, Delivered
from outbox.targets.projects import MAX_REAPPLIED, project_body
from tests.targets.cloud import Cloud, Rest, Told, delivery, work
from tests.targets.raw import RawServer, http

KEY = ("001", "P100")
PARENTS = ("tenant-1",)
SHOWN = {"projectID": "P100", "description": "Dak", "startDate": "2024-01-01T00:00:00"}


def held(cloud: Cloud, tenant: str, code: str = "P100") -> Any:
    return cloud.state["projects"][tenant][code]


def update(cloud: Cloud, code: str = "P100", **rest: Unpack[Rest]) -> Delivered:
    return cloud.done("projects", "001", code, action=Action.UPDATE, **rest)


# -- bodies ----------------------------------------------------------------------------------------------------------


def test_a_date_is_written_as_a_moment() -> None:
    """2024-01-01T00:00:00, whatever the view made of it."""
    for date in ("2024-01-31", "2024-01-31T00:00:00", "2024-01-31 00:00:00"):
        assert project_body(work(start_date=date))["startDate"] == {"value": "2024-01-31T00:00:00"}


def test_a_blank_end_date_is_cleared_and_a_blank_status_is_left_alone() -> None:
    """Absent = unchanged, {"value": null} = clear."""
    body = project_body(work(end_date=None, status=None))
    assert body["endDate"] == {"value": None}
    assert "status" not in body


# -- create ----------------------------------------------------------------------------------------------------------


def test_a_project_is_created_in_one_call(visma_net: Cloud, tenant: str) -> None:
    """The ERP keeps codes unique, so nothing is read first."""
    delivered = visma_net.done("projects", *KEY, document=work(end_date="2024-12-31"), parents=(tenant,))
    assert visma_net.sent == ["POST /project"]
    assert delivered.remote_id == f"{tenant}/P100"
    assert delivered.etag
    project = held(visma_net, tenant)
    assert (project["description"], project["startDate"]) == ("Dak", "2024-01-01T00:00:00")
    assert (project["endDate"], project["status"]) == ("2024-12-31T00:00:00", "Active")


@pytest.mark.parametrize(
    ("document_template", "company", "defaults", "expected"),
    [
        ("OWN", CompanySettings(template="COMPANY"), CompanySettings(), {"template": {"value": "OWN"}}),
        (None, CompanySettings(template="COMPANY"), CompanySettings("ALL"), {"template": {"value": "COMPANY"}}),
        (None, None, CompanySettings("ALL"), {"template": {"value": "ALL"}}),
        (
            None,
            CompanySettings(def_sub={"1": "10", "2": "00"}),
            CompanySettings("ALL"),
            {"defSub": [{"segmentId": 1, "segmentValue": "10"}, {"segmentId": 2, "segmentValue": "00"}]},
        ),
        (
            None,
            CompanySettings(),
            CompanySettings(def_sub={"1": "10"}),
            {"defSub": [{"segmentId": 1, "segmentValue": "10"}]},
        ),
    ],
)
def test_template_or_subaccount_defaults_come_from_the_view_the_company_or_the_defaults(
    open_cloud: Callable[..., Cloud],
    document_template: str | None,
    company: CompanySettings | None,
    defaults: CompanySettings,
    expected: dict[str, Any],
) -> None:
    """One of the two is mandatory; the nearest counts."""
    companies = {"001": company} if company else {}
    cloud = open_cloud("visma_net", companies=companies, defaults=defaults)
    tenant = cloud.company()
    cloud.done("projects", *KEY, document=work(template=document_template), parents=(tenant,))
    project = held(cloud, tenant)
    wanted = expected.get("template", {}).get("value"), expected.get("defSub")
    assert (project["template"], project["defSub"]) == wanted


def test_without_template_and_defaults_the_setting_is_named(open_cloud: Callable[..., Cloud]) -> None:
    """Refused before anything is sent, in a sentence."""
    cloud = open_cloud("visma_net", defaults=CompanySettings())
    error = cloud.failed(Refused, "projects", *KEY, document=work(), parents=("tenant-1",))
    assert "set template or def_sub for company 001" in error.why
    assert "visma_net" in error.why
    assert cloud.sent == []


@pytest.mark.parametrize(
    "answer",
    [
        http(400, {"message": "Project 'P100' already exists."}),
        http(409, {"message": "duplicate"}),
        http(409),
        http(
            500, {"ExceptionType": "PXException", "ExceptionMessage": "An attempt was made to add a duplicate entry."}
        ),
        http(500, b"Another process has added the record.", "text/plain"),
        http(500),
    ],
)
def test_a_refused_create_is_read_back_and_updated(raw: RawServer, raw_cloud: Cloud, answer: bytes) -> None:
    """A duplicate is 400 or 500 with prose: the words do not tell, the ERP's record does."""
    raw.answers = [answer, http(200, SHOWN, ETag='"7"'), http(204, ETag='"8"')]
    delivered = raw_cloud.done("projects", *KEY, document=work(), parents=PARENTS)
    assert raw.asked == ["POST /project", "GET /project/P100", "PUT /project/P100"]
    assert raw.requests[2][2]["if-match"] == '"7"'
    assert (delivered.remote_id, delivered.etag) == ("tenant-1/P100", '"8"')


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(400, {"message": "'Description' cannot be empty."}), Refused),
        (http(409, {"message": "conflict"}), Transient),
        (http(500, {"message": "Deadlock victim."}), Unknown),
    ],
)
def test_a_refused_create_that_is_not_there_is_judged_by_its_answer(
    raw: RawServer, raw_cloud: Cloud, answer: bytes, kind: type[Exception]
) -> None:
    """Read back: nothing is there. After a 500 something may be that is not shown yet; one that stays is dead after its
    attempts, with its words.
    """
    raw.answers = [answer, http(404, {"message": "Project 'P100' cannot be found."})]
    raw_cloud.failed(kind, "projects", *KEY, document=work(), parents=PARENTS)


def test_a_refused_create_that_cannot_be_read_back_is_in_doubt(raw: RawServer, raw_cloud: Cloud) -> None:
    """Nobody knows."""
    raw.answers = [http(500), http(500)]
    raw_cloud.failed(Unknown, "projects", *KEY, document=work(), parents=PARENTS)


def test_a_lost_answer_is_not_read_back_at_once(raw: RawServer, raw_cloud: Cloud) -> None:
    """It may still land; the relay waits one deadline first."""
    raw.answers = [lambda connection: connection.close()]
    raw_cloud.failed(Unknown, "projects", *KEY, document=work(), parents=PARENTS)
    assert raw.asked == ["POST /project"]


@pytest.mark.parametrize("applied", [True, False])
def test_a_create_in_doubt_is_read_first(visma_net: Cloud, tenant: str, applied: bool) -> None:
    """There: update. Not there: create."""
    visma_net.fault(path="/project$", method="POST", kind="drop_after" if applied else "drop_before", times=1)
    visma_net.failed(Unknown, "projects", *KEY, document=work(), parents=(tenant,))
    visma_net.calls.clear()
    kelder = work(description="Kelder")
    update(visma_net, remote_id=f"{tenant}/P100", in_doubt=True, parents=(tenant,), document=kelder)
    assert visma_net.sent == ["GET /project/P100", "PUT /project/P100" if applied else "POST /project"]
    assert held(visma_net, tenant)["description"] == "Kelder"


# -- update ----------------------------------------------------------------------------------------------------------


def test_an_update_writes_the_full_state_with_if_match(raw: RawServer, raw_cloud: Cloud) -> None:
    """A late request of ours then finds another ETag."""
    raw.answers = [http(204, ETag='"8"')]
    changed = work(end_date="2025-01-01", status="OnHold")
    delivered = update(raw_cloud, remote_id="tenant-1/P100", etag='"7"', parents=PARENTS, document=changed)
    ((method, path, headers, body),) = raw.requests
    assert (method, path, headers["if-match"]) == ("PUT", "/project/P100", '"7"')
    assert json.loads(body) == {
        "projectID": {"value": "P100"},
        "description": {"value": "Dak"},
        "startDate": {"value": "2024-01-01T00:00:00"},
        "endDate": {"value": "2025-01-01T00:00:00"},
        "status": {"value": "OnHold"},
    }
    assert delivered.etag == '"8"'


ENDS = {**SHOWN, "endDate": "2024-12-31T00:00:00"}


@pytest.mark.parametrize(
    ("acknowledged", "in_doubt", "answers", "nulls"),
    [
        (work(end_date="2024-12-31"), False, [http(204)], [True]),
        (work(), False, [http(204)], [False]),
        (None, False, [http(204)], [True]),
        (work(), True, [http(200, ENDS), http(204)], [True]),
        (work(end_date="2024-12-31"), True, [http(200, SHOWN), http(204)], [False]),
        (work(), True, [http(200, {}), http(204)], [True]),
        (work(), False, [http(412), http(200, ENDS), http(204)], [False, True]),
        (work(end_date="2024-12-31"), False, [http(412), http(200, SHOWN), http(204)], [True, False]),
    ],
)
def test_a_null_is_sent_to_clear_an_end_date_and_for_nothing_else(
    raw: RawServer,
    raw_cloud: Cloud,
    acknowledged: dict[str, Any] | None,
    in_doubt: bool,
    answers: list[bytes],
    nulls: list[bool],
) -> None:
    """The published type knows no null: only where the ERP has a date that must go, or where nobody knows whether it
    has; what was read last counts, and else what was acknowledged last.
    """
    raw.answers = [*answers]
    update(raw_cloud, parents=PARENTS, document=work(), acknowledged=acknowledged, in_doubt=in_doubt)
    bodies = [json.loads(body) for method, _, _, body in raw.requests if method == "PUT"]
    assert [body.get("endDate") for body in bodies] == [{"value": None} if null else None for null in nulls]


def test_a_project_changed_by_somebody_else_is_set_back(visma_net: Cloud, tenant: str) -> None:
    """412: read, apply again. AccountView is the owner."""
    made = visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    update(visma_net, document=work(description="X"), parents=(tenant,))
    visma_net.calls.clear()
    update(visma_net, etag=made.etag, document=work(description="Kelder"), parents=(tenant,))
    assert visma_net.sent == ["PUT /project/P100", "GET /project/P100", "PUT /project/P100"]
    assert held(visma_net, tenant)["description"] == "Kelder"


@pytest.mark.parametrize("status", [409, 412])
def test_a_project_that_changes_all_the_time_is_tried_again_later(
    raw: RawServer, raw_cloud: Cloud, status: int
) -> None:
    """Applied again at most 3 times, and the target's words are kept."""
    refused = http(status, {"message": "somebody is at it"})
    raw.answers = [refused, *[http(200, SHOWN, ETag='"9"'), refused] * 10]
    changes: Told = {"action": Action.UPDATE, "etag": '"7"', "parents": PARENTS, "document": work()}
    error = raw_cloud.failed(Transient, "projects", *KEY, **changes)
    assert (error.http_status, "somebody is at it" in error.why) == (status, True)
    assert sum(method == "PUT" for method, *_ in raw.requests) == 1 + MAX_REAPPLIED


@pytest.mark.parametrize("action", [Action.UPDATE, Action.REMOVE])
def test_a_conflict_is_read_and_applied_again(raw: RawServer, raw_cloud: Cloud, action: Action) -> None:
    """409 as 412: it may be over, and AccountView is the owner. It is no reason to be dead at once."""
    shown = http(200, SHOWN, ETag='"9"')
    raw.answers = [*([shown] if action is Action.REMOVE else []), http(409), shown, http(204, ETag='"10"')]
    changes: Told = {"action": action, "remote_id": "tenant-1/P100", "parents": PARENTS, "document": work()}
    assert raw_cloud.done("projects", *KEY, **changes).etag == '"10"'
    assert raw.asked[-3:] == ["PUT /project/P100", "GET /project/P100", "PUT /project/P100"]
    assert raw.requests[-1][2]["if-match"] == '"9"'


def test_an_update_of_a_project_that_is_gone_creates_it(visma_net: Cloud, tenant: str) -> None:
    """404 on update: create."""
    update(visma_net, remote_id=f"{tenant}/P100", parents=(tenant,), document=work())
    assert visma_net.sent == ["PUT /project/P100", "POST /project"]


# -- remove ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Completed", "Cancelled"])
def test_removing_sets_the_status_of_the_setting(open_cloud: Callable[..., Cloud], status: str) -> None:
    """There is no DELETE; the other required fields stay as they are."""
    cloud = open_cloud("visma_net", removed_status=status)
    tenant = cloud.company()
    cloud.done("projects", *KEY, document=work(), parents=(tenant,))
    cloud.done("projects", *KEY, action=Action.REMOVE, remote_id=f"{tenant}/P100", parents=())
    project = held(cloud, tenant)
    assert (project["status"], project["description"]) == (status, "Dak")


@pytest.mark.parametrize("shown", [{}, [], {"description": "Dak"}, {"description": None, "startDate": "2024-01-01"}])
def test_removing_clears_nothing_that_an_answer_does_not_show(raw: RawServer, raw_cloud: Cloud, shown: object) -> None:
    """Without the required fields it is no project: nothing is sent, and the read is done again."""
    raw.answers = [http(200, shown), http(204)]
    error = raw_cloud.failed(Transient, "projects", *KEY, action=Action.REMOVE, remote_id="tenant-1/P100")
    assert "without" in error.why
    assert raw.asked == ["GET /project/P100"]


def test_removing_what_is_not_there_is_done(visma_net: Cloud, tenant: str) -> None:
    """404 on remove: done."""
    visma_net.done("projects", *KEY, action=Action.REMOVE, remote_id=f"{tenant}/P100")
    assert visma_net.sent == ["GET /project/P100", "GET /project"]


@pytest.mark.parametrize("of_the_list", [http(404, {"message": "Not Found"}), http(200, {}), http(500)])
def test_a_404_removes_nothing_where_the_list_is_not_there_either(
    raw: RawServer, raw_cloud: Cloud, of_the_list: bytes
) -> None:
    """A wrong path or a proxy may speak in the ERP's own form."""
    raw.answers = [http(404, {"message": "no Route matched with those values"}), of_the_list]
    raw_cloud.failed(Transient, "projects", *KEY, action=Action.REMOVE, remote_id="tenant-1/P100")


def test_a_code_that_was_removed_and_comes_back_is_updated(visma_net: Cloud, tenant: str) -> None:
    """Not created: the code is taken for ever."""
    visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    visma_net.done("projects", *KEY, action=Action.REMOVE, remote_id=f"{tenant}/P100")
    visma_net.calls.clear()
    visma_net.done("projects", *KEY, document=work(description="Weer"), parents=(tenant,))
    assert visma_net.sent == ["POST /project", "GET /project/P100", "PUT /project/P100"]
    assert (held(visma_net, tenant)["status"], held(visma_net, tenant)["description"]) == ("Active", "Weer")


# -- company ---------------------------------------------------------------------------------------------------------


def test_each_company_has_its_own_token(raw: RawServer, raw_cloud: Cloud) -> None:
    """tenant_id = the company's remote id."""
    raw.answers = [http(201)]
    for company, tenant in (("001", "tenant-1"), ("002", "tenant-2"), ("001", "tenant-1")):
        raw_cloud.done("projects", company, "P1", document=work(), parents=(tenant,))
    assert [b"tenant_id=tenant-1" in body for body in raw.token_requests] == [True, False]


def test_a_company_without_a_licence_is_paused_alone(visma_net: Cloud, tenant: str) -> None:
    """12027: that company, and it is said."""
    visma_net.change(unlicensed=[tenant])
    error = visma_net.failed(NotAllowed, "projects", *KEY, document=work(), parents=(tenant,))
    assert error.company == "001"
    assert "no licence" in error.why
    visma_net.done("projects", "002", "P1", document=work(), parents=(visma_net.company("002"),))


@pytest.mark.parametrize("tenant_id", ["", "../x", "a b", "x" * 200])
def test_a_tenant_id_that_is_none_sends_nothing(raw: RawServer, raw_cloud: Cloud, tenant_id: str) -> None:
    """It would stand in a token request."""
    raw_cloud.failed(Refused, "projects", *KEY, document=work(), parents=(tenant_id,))
    assert raw.token_requests == []


def test_at_most_so_many_calls_at_once_per_company(open_cloud: Callable[..., Cloud]) -> None:
    """No concurrency limit is published; clients clamp themselves."""
    cloud = open_cloud("visma_net", company_concurrency=2)
    tenant = cloud.company()
    cloud.fault(path="/project$", kind="latency", latency_ms=100)
    many = [delivery("projects", ("001", f"P{i}"), document=work(), parents=(tenant,)) for i in range(6)]
    outcomes = cloud.deliver_together(*many)
    assert all(isinstance(o, Delivered) for o in outcomes)
    starts = sorted(call.started_at for _, call in cloud.calls)
    assert starts[4] - starts[0] >= 0.19


def test_rate_limits_are_noted_per_company(visma_net: Cloud, tenant: str) -> None:
    """X-RateLimit-Limit, -Remaining, -Reset."""
    visma_net.change(rate_limit=100, rate_window_s=10)
    visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    rate = visma_net.heard.rates["001"]
    assert (rate.limit, rate.remaining) == (100, 99)


def test_over_the_limit_the_target_says_how_long(visma_net: Cloud, tenant: str) -> None:
    """429 with Retry-After: nothing was applied."""
    visma_net.change(rate_limit=1, rate_window_s=30)
    visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    error = visma_net.failed(Transient, "projects", "001", "P2", document=work(), parents=(tenant,))
    assert 0 < (error.retry_after_s or 0) <= 30


@pytest.mark.parametrize(
    "code", ["P/1", "a b", "é", "100%", "..", ".", "b64(x)", "A:B", "a+b", "x;y", "\\", "#1", "?", "&"]
)
def test_any_code_can_be_written_read_and_updated(visma_net: Cloud, tenant: str, code: str) -> None:
    """Reserved characters as b64(...), all others percent-encoded."""
    visma_net.done("projects", "001", code, document=work(), parents=(tenant,))
    kelder = work(description="Kelder")
    update(visma_net, code, remote_id=f"{tenant}/{code}", parents=(tenant,), document=kelder)
    assert held(visma_net, tenant, code)["description"] == "Kelder"


@pytest.mark.parametrize("kind", ["drop_after", "status_after"])
def test_a_create_in_doubt_that_is_not_shown_yet_is_not_refused(visma_net: Cloud, tenant: str, kind: str) -> None:
    """Applied, its answer lost or a 500, and reads lag behind: the ERP refuses a second one, and the words do not tell
    why.
    """
    visma_net.change(lag_s=60)
    visma_net.fault(path="/project$", method="POST", kind=kind, times=1)
    project: Told = {"document": work(), "parents": (tenant,)}
    visma_net.failed(Unknown, "projects", "001", "P1", **project)
    doubted: Told = {**project, "in_doubt": True}
    visma_net.failed(Transient, "projects", "001", "P1", **doubted)
    visma_net.change(lag_s=0)
    visma_net.done("projects", "001", "P1", **project)
