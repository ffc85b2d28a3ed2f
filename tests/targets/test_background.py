"""A 202 of the ERP is followed to its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from outbox.config import CompanySettings
from outbox.errors import CloudError, Refused, Transient, Unknown
from tests.targets.cloud import Cloud, work
from tests.targets.raw import RawServer, http

KEY = ("001", "P100")
ACCEPTED = http(202, {"id": "job-1", "stateLocation": "https://example.com/elsewhere"})
STARTED = http(200, {"id": "job-1", "status": "Started", "statusCode": 0})


def ended(status: int, **rest: object) -> bytes:
    return http(200, {"status": "Finished" if status < 400 else "Failed", "statusCode": status, **rest})


def test_an_accepted_call_ends_as_it_would_have(visma_net: Cloud) -> None:
    """Done when the job is, with the job's ETag."""
    tenant = visma_net.company()
    visma_net.fault(path="/project$", kind="accepted", times=1)
    delivered = visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    assert delivered.etag
    assert [path.split("/")[1] for path in visma_net.sent] == ["project", "background", "background"]


def test_an_accepted_call_that_is_refused_has_the_targets_words(open_cloud: Callable[..., Cloud]) -> None:
    """They are in the content of the job and nowhere else."""
    cloud = open_cloud("visma_net", defaults=CompanySettings(def_sub={"1": "x" * 31}))
    tenant = cloud.company()
    cloud.fault(path="/project$", kind="accepted", times=1)
    error = cloud.failed(Refused, "projects", *KEY, document=work(), parents=(tenant,))
    assert "longer than 30 characters" in error.why


def test_an_accepted_read_is_waited_for_too(visma_net: Cloud) -> None:
    """What was read is the content of the job: a key in doubt is found, and updated."""
    tenant = visma_net.company()
    visma_net.done("projects", *KEY, document=work(), parents=(tenant,))
    visma_net.calls.clear()
    visma_net.fault(path="/project/P100$", method="GET", kind="accepted", times=1)
    visma_net.done("projects", *KEY, document=work(description="Goot"), parents=(tenant,), in_doubt=True)
    asked = [call.split("/")[1] + call[-8:] for call in visma_net.sent]
    assert [a.endswith("/content") for a in asked] == [False, False, False, True, False]
    assert visma_net.state["projects"][tenant]["P100"]["description"] == "Goot"


def test_the_address_in_the_answer_is_not_followed(raw: RawServer, raw_cloud: Cloud) -> None:
    """The job's id is enough; hosts come from settings only."""
    raw.answers = [ACCEPTED, STARTED, ended(201)]
    raw_cloud.done("projects", *KEY, document=work(), parents=("tenant-1",))
    assert raw.asked == ["POST /project", "GET /background/job-1", "GET /background/job-1"]


@pytest.mark.parametrize("job", ["../x", "https://example.com/x", "", "x" * 200, None, ["x"]])
def test_a_job_whose_id_is_none_is_not_asked_for(raw: RawServer, raw_cloud: Cloud, job: object) -> None:
    """It would stand in an address."""
    raw.answers = [http(202, {"id": job}), STARTED]
    raw_cloud.failed(Unknown, "projects", *KEY, document=work(), parents=("tenant-1",))
    assert raw.asked == ["POST /project"]


def test_a_job_that_failed_is_judged_as_the_call_would_have_been(raw: RawServer, raw_cloud: Cloud) -> None:
    """With its words; and a refused create is read back."""
    raw.answers = [ACCEPTED, ended(400, errorMessage="no start date"), http(404, {"message": "no such project"})]
    error = raw_cloud.failed(Refused, "projects", *KEY, document=work(), parents=("tenant-1",))
    assert "no start date" in error.why


def test_a_job_that_was_put_off_says_for_how_long(raw: RawServer, raw_cloud: Cloud) -> None:
    """In the headers that the answer would have had, a date measured by their own clock."""
    date = {"Date": "Wed, 25 Nov 2026 12:00:00 GMT", "Retry-After": "Wed, 25 Nov 2026 12:00:07 GMT"}
    raw.answers = [ACCEPTED, ended(429, responseHeaders=date)]
    error = raw_cloud.failed(Transient, "projects", *KEY, document=work(), parents=("tenant-1",))
    assert error.retry_after_s == 7.0


@pytest.mark.parametrize(
    "answers",
    [
        [http(202)],
        [http(202, {"id": "../x"})],
        [ACCEPTED, http(500)],
        [ACCEPTED, http(404, {"message": "gone after 24 hours"})],
        [ACCEPTED, http(200, [])],
        [ACCEPTED, http(200, {"status": "Finished"})],
        [ACCEPTED, http(200, {"status": "Finished", "statusCode": 202})],
        [ACCEPTED, http(200, {"status": "Failed", "statusCode": 201})],
        [ACCEPTED, ended(502)],
        [ACCEPTED, ended(201, hasResponseContent=True), http(410, {"message": "removed after 24 hours"})],
        [ACCEPTED, ended(201, hasResponseContent=True), http(200, b"<html>", "text/html")],
    ],
)
def test_an_end_that_is_not_seen_is_in_doubt(raw: RawServer, raw_cloud: Cloud, answers: list[bytes]) -> None:
    """Never done, never not done."""
    raw.answers = list(answers)
    outcome = raw_cloud.failed(Unknown, "projects", *KEY, document=work(), parents=("tenant-1",))
    assert isinstance(outcome, CloudError)
