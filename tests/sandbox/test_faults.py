"""Faults on demand, rate limits, and the call log that shows both."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.lane import eventually
from tests.sandbox.conftest import PROJECT, USER, Sandbox


def create(visma: Sandbox) -> httpx.Response:
    return visma.identity("POST", "/users", USER)


def user_count(visma: Sandbox) -> int:
    return len(visma.holds()["users"])


@pytest.mark.parametrize(("kind", "applied"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connection_gives_no_byte_of_an_answer(visma: Sandbox, kind: str, applied: int) -> None:
    visma.fault(kind=kind, path="/users", times=1)
    with pytest.raises(httpx.ReadError):
        create(visma)
    assert user_count(visma) == applied
    assert len(visma.control("GET", "invitations")) == applied


def test_truncated_answer_was_applied(visma: Sandbox) -> None:
    visma.fault(kind="truncate", path="/users", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        create(visma)
    assert user_count(visma) == 1


def test_truncated_answer_without_body_is_none(visma: Sandbox) -> None:
    user = visma.create_user()
    visma.fault(kind="truncate", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        visma.identity("DELETE", f"/users/{user}")
    assert user_count(visma) == 0


@pytest.mark.parametrize(
    ("fault", "status", "applied"),
    [
        ({"kind": "status", "status": 503}, 503, 0),
        ({"kind": "status"}, 503, 0),
        ({"kind": "status_after", "status": 500}, 500, 1),
        ({"kind": "empty"}, 201, 1),
        ({"kind": "empty", "status": 200}, 200, 1),
        ({"kind": "html"}, 200, 0),
        ({"kind": "html", "status": 502}, 502, 0),
        ({"kind": "retry_after"}, 429, 0),
        ({"kind": "retry_after", "status": 503}, 503, 0),
    ],
)
def test_fault_answers_as_told(visma: Sandbox, fault: dict[str, Any], status: int, applied: int) -> None:
    visma.fault(**fault, times=1)
    answer = create(visma)
    assert answer.status_code == status
    assert user_count(visma) == applied
    if fault["kind"] == "empty":
        assert answer.content == b""
    if fault["kind"] == "html":
        assert answer.headers["content-type"].startswith("text/html")
        assert b"<html>" in answer.content


def test_status_fault_sends_its_own_body_and_headers(visma: Sandbox) -> None:
    headers = {"Location": "https://elsewhere.example/"}
    visma.fault(kind="status", status=302, headers=headers, times=1)
    assert create(visma).headers["location"] == "https://elsewhere.example/"
    visma.fault(kind="status", status=403, body={"error_code": "ERROR_THIRD_PARTY_APPLICATION"}, times=1)
    assert create(visma).json() == {"error_code": "ERROR_THIRD_PARTY_APPLICATION"}
    assert create(visma).status_code == 201


def test_retry_after_comes_in_seconds_or_as_a_date(visma: Sandbox) -> None:
    visma.fault(kind="retry_after", retry_after=3, times=1)
    assert create(visma).headers["retry-after"] == "3"
    visma.fault(kind="retry_after", retry_after="date", retry_after_s=30, times=1)
    date = parsedate_to_datetime(create(visma).headers["retry-after"])
    assert 25 < date.timestamp() - time.time() < 35


def test_latency_is_waited_and_then_all_is_as_usual(visma: Sandbox) -> None:
    visma.fault(kind="latency", latency_ms=150, times=1)
    started = time.perf_counter()
    assert create(visma).status_code == 201
    assert time.perf_counter() - started >= 0.15


def test_what_waits_goes_on_when_the_faults_are_cleared(visma: Sandbox) -> None:
    visma.fault(kind="latency", latency_ms=3_600_000)
    with ThreadPoolExecutor() as aside:
        answer = aside.submit(create, visma)
        eventually(lambda: visma.control("GET", "faults")[0]["hit"])
        visma.control("DELETE", "faults")
        assert answer.result().status_code == 201


def test_latency_adds_to_another_fault(visma: Sandbox) -> None:
    latency = {"kind": "latency", "path": "/users", "latency_ms": 100}
    visma.control("POST", "faults", [latency, {"kind": "status", "path": "/users", "status": 500}])
    started = time.perf_counter()
    assert create(visma).status_code == 500
    assert time.perf_counter() - started >= 0.1


def test_fault_is_aimed_by_path_and_method(visma: Sandbox) -> None:
    visma.fault(kind="status", path=r"^/visma_net/identity/v1\.0/users$", method="POST")
    assert create(visma).status_code == 503
    assert visma.identity("GET", "/users").status_code == 200
    assert visma.identity("POST", "/tenants", {}).status_code == 422


def test_fault_counts_its_hits(visma: Sandbox) -> None:
    """`after` lets matches pass first, `times` ends it."""
    visma.fault(kind="status", status=500, after=1, times=2)
    statuses = [visma.identity("GET", "/users").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    [fault] = visma.control("GET", "faults")
    assert (fault["kind"], fault["hit"]) == ("status", 2)


def test_random_fault_can_be_repeated_by_its_seed(visma: Sandbox) -> None:
    def play(seed: int) -> list[int]:
        visma.control("DELETE", "faults")
        visma.fault(kind="status", probability=0.5, seed=seed)
        return [visma.identity("GET", "/users").status_code for _ in range(30)]

    assert play(7) == play(7)
    assert play(7) != play(8)
    assert {200, 503} == set(play(7))


def test_faults_are_cleared(visma: Sandbox) -> None:
    visma.fault(kind="status")
    visma.control("DELETE", "faults")
    assert visma.identity("GET", "/users").status_code == 200
    assert visma.control("GET", "faults") == []


def test_token_requests_can_be_hit_too(visma: Sandbox) -> None:
    visma.fault(kind="status", path="/connect/token", times=1)
    assert visma.ask_token().status_code == 503
    assert visma.ask_token().status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        "status",
        [[]],
        {"kind": "explode"},
        {"kind": "status", "pth": "x"},
        {"kind": "status", "path": "("},
        {"kind": "status", "times": "5"},
        {"kind": "status", "status": 700},
        [{"kind": "status"}, {"kind": "status", "status": "503"}],
    ],
)
def test_fault_that_makes_no_sense_is_refused_in_a_sentence(visma: Sandbox, fault: Any) -> None:
    answer = visma.http.post("/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert "fault" in answer.json()["error"]
    assert visma.control("GET", "faults") == []


def test_accepted_call_is_followed_to_its_end(visma: Sandbox, tenant: str) -> None:
    visma.fault(kind="accepted", path="/erp/", method="POST", times=1)
    answer = visma.erp(tenant, "POST", "/project", PROJECT)
    assert answer.status_code == 202
    path = answer.json()["stateLocation"].removeprefix(visma.settings.erp_url)
    assert path == f"/background/{answer.json()['id']}"
    first = visma.erp(tenant, "GET", path).json()
    assert (first["status"], first["statusCode"]) == ("Started", 0)
    second = visma.erp(tenant, "GET", path).json()
    assert (second["status"], second["statusCode"], second["hasResponseContent"]) == ("Finished", 201, False)
    assert visma.erp(tenant, "GET", f"{path}/content").status_code == 404
    assert visma.erp(tenant, "GET", "/background/unknown").status_code == 404


def test_accepted_call_that_fails_says_why(visma: Sandbox, tenant: str) -> None:
    visma.erp(tenant, "POST", "/project", PROJECT)
    visma.fault(kind="accepted", path="/erp/", method="POST", times=1)
    operation = visma.erp(tenant, "POST", "/project", PROJECT).json()["id"]
    visma.erp(tenant, "GET", f"/background/{operation}")
    state = visma.erp(tenant, "GET", f"/background/{operation}").json()
    assert (state["status"], state["statusCode"], state["hasResponseContent"]) == ("Failed", 400, True)
    content = visma.erp(tenant, "GET", f"/background/{operation}/content")
    assert "already exists" in content.json()["message"]


def test_every_answer_carries_the_rate_headers(visma: Sandbox) -> None:
    for answer in (visma.identity("GET", "/users"), visma.identity("GET", "/users/nobody")):
        assert answer.headers["x-ratelimit-limit"] == "1000000"
        assert int(answer.headers["x-ratelimit-remaining"]) < 1_000_000
        assert 0 < int(answer.headers["x-ratelimit-reset"]) <= 3600
        assert answer.headers["x-ratelimit-policy"] == "4-fixed-window"


def test_beyond_the_limit_is_429_until_the_window_ends(visma: Sandbox) -> None:
    visma.set(rate_limit=2, rate_window_s=60)
    assert [visma.identity("GET", "/users").status_code for _ in range(2)] == [200, 200]
    refused = create(visma)
    assert (refused.status_code, 1 < int(refused.headers["retry-after"]) <= 60) == (429, True)
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert user_count(visma) == 0


def test_a_new_window_begins_where_one_ends(visma: Sandbox) -> None:
    visma.set(rate_limit=1, rate_window_s=0.3)
    assert create(visma).status_code == 201
    eventually(lambda: visma.identity("GET", "/users").status_code == 200)


def test_limit_is_per_company(visma: Sandbox, tenant: str) -> None:
    other = visma.create_tenant(external_id="L1-002")
    visma.set(rate_limit=1)
    assert [visma.erp(tenant, "GET", "/project").status_code for _ in range(2)] == [200, 429]
    assert visma.erp(other, "GET", "/project").status_code == 200


def test_call_log_counts_calls_but_neither_tokens_nor_its_own(visma: Sandbox) -> None:
    user = visma.create_user()
    visma.identity("GET", f"/users/{user}", headers={"X-Request-Id": "m-42"})
    visma.fault(kind="drop_after", times=1)
    with pytest.raises(httpx.ReadError):
        visma.identity("GET", "/users", params={"email": "secret@kade.nl"})
    log = visma.control("GET", "requests")
    assert log["total"] == 3
    assert log["counts"] == {
        "visma_net GET /users": 1,
        "visma_net GET /users/{user}": 1,
        "visma_net POST /users": 1,
    }
    created, read, lost = log["last"]
    assert (created["method"], created["path"], created["status"]) == ("POST", "/visma_net/identity/v1.0/users", 201)
    assert (read["request_id"], read["fault"]) == ("m-42", None)
    assert (lost["status"], lost["fault"]) == (None, "drop_after")
    assert "secret" not in str(log)
    assert len(visma.control("GET", "requests?last=1")["last"]) == 1
