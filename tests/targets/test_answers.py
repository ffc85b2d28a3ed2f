"""What an answer means, for a read and for a write: one table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.errors import CloudError, NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.targets.answers import Answer, Asked, TooLarge, Verdict, judge, judge_silence
from outbox.targets.http import NoReply, Reply

NOW = 1_700_000_000.0
JSON = "application/json"
HTML = (b"<html><body>Bad gateway</body></html>", "text/html")
PROSE = (b"The project cannot be saved.", "text/plain")
NOTHING = (b"", "")

Meaning = Verdict | type[CloudError]


def reply(status: int, body: Any, **headers: str) -> Reply:
    """body: (bytes, content type), or something that is sent as JSON."""
    content, kind = body if isinstance(body, tuple) else (json.dumps(body).encode(), JSON)
    return Reply(status, {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, content)


def meaning(answer: Answer | CloudError) -> Meaning:
    return answer.verdict if isinstance(answer, Answer) else type(answer)


OK = {"id": "u1"}
MESSAGE = {"message": "Project '1' cannot be found in the system."}
IPP = {"ExceptionType": "IPPException", "ExceptionMessage": "Something", "ExceptionFaultCode": "10105"}
NO_LICENCE = {
    "ExceptionType": "IPPException",
    "ExceptionMessage": "No license for this company.",
    "ExceptionFaultCode": "12027",
    "ExceptionMessageID": "12027_5c9f",
    "ExceptionDetails": "",
}
TABLE: list[tuple[int, Any, Meaning, Meaning]] = [
    # status, body, as the answer to a read, as the answer to a write
    (200, OK, Verdict.DONE, Verdict.DONE),
    (201, OK, Verdict.DONE, Verdict.DONE),
    (200, [], Verdict.DONE, Verdict.DONE),
    (204, NOTHING, Transient, Verdict.DONE),
    (200, NOTHING, Transient, Verdict.DONE),
    (202, {"id": "job"}, Verdict.ACCEPTED, Verdict.ACCEPTED),
    (200, {"error_code": "ERROR_INVALID_EMAIL"}, Transient, Unknown),
    (200, {"error": "went wrong"}, Transient, Unknown),
    (200, MESSAGE, Transient, Unknown),
    (200, IPP, Transient, Unknown),
    (200, {"id": "u1", "errors": []}, Verdict.DONE, Verdict.DONE),
    (200, HTML, Transient, Unknown),
    (200, PROSE, Transient, Unknown),
    (200, (b'{"id": "u1"', JSON), Transient, Unknown),
    (200, (b'{"id": NaN}', JSON), Transient, Unknown),
    (200, (b"[" * 200_000, JSON), Transient, Unknown),
    (200, (b"\xff\xfe", JSON), Transient, Unknown),
    (200, (b'{"id": "u1"}', "text/html"), Transient, Unknown),
    (200, (b'{"id": "u1"}', "text/json; charset=utf-8"), Verdict.DONE, Verdict.DONE),
    (301, NOTHING, PlatformDown, Unknown),
    (302, HTML, PlatformDown, Unknown),
    (303, NOTHING, PlatformDown, Unknown),
    (307, NOTHING, PlatformDown, PlatformDown),
    (400, PROSE, Refused, Refused),
    (400, NOTHING, Refused, Refused),
    (400, MESSAGE, Refused, Refused),
    (401, NOTHING, NotAllowed, NotAllowed),
    (403, NOTHING, NotAllowed, NotAllowed),
    (403, NO_LICENCE, NotAllowed, NotAllowed),
    (500, NO_LICENCE, NotAllowed, NotAllowed),
    (500, NO_LICENCE | {"ExceptionMessage": "Geen licentie voor deze onderneming."}, NotAllowed, NotAllowed),
    (400, (b"12027 No license for this company", "text/plain"), NotAllowed, NotAllowed),
    (400, {"message": "Project 12027 has no such task."}, Refused, Refused),
    (400, {"message": "Project '12027' (Licenties) already exists in the system."}, Refused, Refused),
    (403, {"error_code": "ERROR_THIRD_PARTY_APPLICATION"}, NotAllowed, NotAllowed),
    (404, MESSAGE, Verdict.NOT_FOUND, Verdict.NOT_FOUND),
    (404, IPP, Verdict.NOT_FOUND, Verdict.NOT_FOUND),
    (410, MESSAGE, Verdict.NOT_FOUND, Verdict.NOT_FOUND),
    (404, HTML, PlatformDown, PlatformDown),
    (404, PROSE, PlatformDown, PlatformDown),
    (404, NOTHING, PlatformDown, PlatformDown),
    (404, [], PlatformDown, PlatformDown),
    (405, MESSAGE, Refused, Refused),
    (408, NOTHING, Transient, Transient),
    (409, MESSAGE, Verdict.EXISTS, Verdict.EXISTS),
    (409, {"error_code": "ERROR_USER_LINKED_TO_CLIENT"}, Verdict.EXISTS, Verdict.EXISTS),
    (422, {"error_code": "ERROR_EXTERNAL_ID_ALREADY_ADDED"}, Verdict.EXISTS, Verdict.EXISTS),
    (400, {"error_code": "ERROR_TENANT_ID_ALREADY_ADDED"}, Verdict.EXISTS, Verdict.EXISTS),
    (412, MESSAGE, Verdict.MISMATCH, Verdict.MISMATCH),
    (422, {"error_code": "ERROR_INVALID_EMAIL"}, Refused, Refused),
    (422, {"error_code": "ERROR_DOMAIN_DISPOSABLE"}, Refused, Refused),
    (422, {"error_code": "ERROR_INVALID_FIRST_NAME"}, Refused, Refused),
    (422, {"error_code": "ERROR_INVALID_LAST_NAME"}, Refused, Refused),
    (422, {"error_code": "ERROR_INVALID_COUNTRY_CODE"}, Refused, Refused),
    (422, {"error_code": "ERROR_INVALID_ORGANIZATION_NAME"}, Refused, Refused),
    (422, {"error_code": "ERROR_INVALID_ORGANIZATION_NUMBER"}, Refused, Refused),
    (500, {"error_code": "ERROR_INVALID_EMAIL"}, Refused, Refused),
    (422, {"error_code": "ERROR_NEVER_SEEN"}, Refused, Refused),
    (422, {"error_code": ["ERROR_INVALID_EMAIL"]}, Refused, Refused),
    (500, {"error_code": {}, "message": 7}, Transient, Unknown),
    (425, NOTHING, Transient, Transient),
    (429, MESSAGE, Transient, Transient),
    (500, IPP, Transient, Unknown),
    (500, NOTHING, Transient, Unknown),
    (501, NOTHING, Transient, Unknown),
    (502, HTML, Transient, Unknown),
    (503, HTML, Transient, Transient),
    (504, NOTHING, Transient, Unknown),
]


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("body", "identity", "erp"),
    [
        ({"error_code": "ERROR_USER_NOT_FOUND"}, True, False),
        ({"error_code": "ERROR_USER_NOT_FOUND", "error_description": "No such user."}, True, False),
        (MESSAGE, False, True),
        (IPP, False, True),
        # what stands before an API says it in JSON, too
        ({"error_code": 404, "message": "Not Found"}, False, False),
        ({"error_code": ""}, False, False),
        (
            {"error": "Not Found", "status": 404, "path": "/project/1", "timestamp": "2026-11-25T12:00:00Z"},
            False,
            False,
        ),
        ({"statusCode": 404, "message": "Resource not found"}, False, False),
        ({"message": "no Route matched with those values", "request_id": "1f"}, False, False),
        ({"type": "https://tools.ietf.org/html/rfc9110#section-15.5.5", "title": "Not Found"}, False, False),
        ({"fault": {"faultstring": "Unable to identify proxy for host"}}, False, False),
        ({"Message": "No HTTP resource was found that matches the request URI."}, False, False),
        ({"message": ""}, False, False),
        ({"message": None}, False, False),
        ({"message": {"text": "no"}}, False, False),
        ({"ExceptionType": "IPPException"}, False, False),
        ({}, False, False),
        ([MESSAGE], False, False),
    ],
)
def test_only_the_apis_own_404_says_that_something_is_not_there(
    status: int, body: Any, identity: bool, erp: bool
) -> None:
    """In the form of its errors: with an error code, or as one of the ERP's two. From a proxy, a gateway or a path that
    is no API's nothing is concluded, least of all that something was removed.
    """
    for company, own in ((None, identity), ("001", erp)):
        for method in ("GET", "PUT", "DELETE"):
            answer = judge(reply(status, body), Asked(method, "/users/1", company), NOW)
            assert meaning(answer) == (Verdict.NOT_FOUND if own else PlatformDown), (method, company, answer)


@pytest.mark.parametrize(("status", "body", "read", "write"), TABLE)
def test_an_answer_is_classed_by_status_and_body(status: int, body: Any, read: Meaning, write: Meaning) -> None:
    """One line of the table."""
    for method, expected in (("GET", read), ("PUT", write), ("POST", write), ("DELETE", write)):
        answer = judge(reply(status, body), Asked(method, "/project/1", "001"), NOW)
        assert meaning(answer) == expected, (method, answer)
        assert (answer.status if isinstance(answer, Answer) else answer.http_status) == status


FIELDS = st.sampled_from(
    ["error_code", "error", "errors", "message", "ExceptionType", "ExceptionMessage", "ExceptionFaultCode", "id"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
BODIES = st.recursive(SCALARS, lambda part: st.lists(part, max_size=2) | st.dictionaries(FIELDS, part, max_size=3))


@given(st.integers(100, 999), BODIES, st.sampled_from(["GET", "PUT"]), st.text(max_size=5))
def test_no_answer_is_beyond_judgement(status: int, body: Any, method: str, header: str) -> None:
    """Whatever stands where: it is an answer or an error, and never a fault of the relay."""
    answer = judge(reply(status, body, retry_after=header, date=header, etag=header), Asked(method, "/users"), NOW)
    assert isinstance(answer, Answer | CloudError)


@pytest.mark.parametrize(
    ("method", "sent", "expected"),
    [
        ("GET", False, PlatformDown),
        ("PUT", False, PlatformDown),
        ("GET", True, Transient),
        ("PUT", True, Unknown),
        ("POST", True, Unknown),
        ("DELETE", True, Unknown),
    ],
)
def test_silence_is_unknown_once_a_byte_was_sent(method: str, sent: bool, expected: type[CloudError]) -> None:
    """No connection: nothing was applied and nobody is there. A break later: a write may have been applied."""
    error = judge_silence(NoReply("it broke", sent=sent), Asked(method, "/users"))
    assert type(error) is expected
    assert error.http_status is None


def test_an_answer_cut_off_is_no_answer() -> None:
    """Over 1 MiB: a write is in doubt, a read may ask for less."""
    half = Reply(200, {"content-type": JSON}, b'{"id": "u1"}', whole=False)
    assert type(judge(half, Asked("POST", "/users"), NOW)) is Unknown
    assert type(judge(half, Asked("GET", "/users"), NOW)) is TooLarge


def test_a_packed_answer_is_not_unpacked() -> None:
    """Nothing packed was asked for; what comes packed may unpack to any size."""
    packed = reply(200, (b'{"id": "u1"}', JSON), content_encoding="gzip")
    assert type(judge(packed, Asked("POST", "/users"), NOW)) is Unknown


@pytest.mark.parametrize(
    ("answer", "told"),
    [(reply(403, NO_LICENCE), "no licence"), (reply(401, NOTHING), "tenant id of the company itself")],
)
def test_a_refusal_of_one_company_pauses_that_company_only(answer: Reply, told: str) -> None:
    """12027 is told apart from a wrong tenant: the customer's tenant id gets a token, and every call answers 401."""
    error = judge(answer, Asked("GET", "/project/1", "001"), NOW)
    assert isinstance(error, NotAllowed)
    assert error.company == "001"
    assert told in error.why


@pytest.mark.parametrize(
    ("status", "code", "what_to_do"),
    [
        (403, "ERROR_THIRD_PARTY_APPLICATION", "ask the vendor"),
        (422, "ERROR_INVALID_BUSINESS_UNIT_NAME", "set business_unit_name"),
    ],
)
def test_what_no_company_gets_past_pauses_companies_only(status: int, code: str, what_to_do: str) -> None:
    """A client that may not add them, or a business unit that is wrong or was not given."""
    error = judge(reply(status, {"error_code": code}), Asked("POST", "/tenants"), NOW)
    assert isinstance(error, NotAllowed)
    assert (error.resource, error.company) == ("companies", None)
    assert what_to_do in error.why


def test_a_refusal_carries_the_targets_words() -> None:
    """Dead with the target's words, on one line."""
    error = judge(reply(400, {"message": "Startdatum\r\nontbreekt\x07"}), Asked("POST", "/project"), NOW)
    assert isinstance(error, Refused)
    assert error.why == "POST /project was answered 400: Startdatum ontbreekt"


def test_no_value_of_a_person_comes_back_in_an_error() -> None:
    """A target that repeats what it was sent does not put it into our logs."""
    asked = Asked("POST", "/users", private=("Jansen", "jansen@bedrijf.nl"))
    body = {"error_code": "ERROR_INVALID_LAST_NAME", "error_description": "Jansen <jansen@bedrijf.nl> is odd"}
    error = judge(reply(422, body), asked, NOW)
    assert isinstance(error, Refused)
    assert "ansen" not in error.why
    assert "ERROR_INVALID_LAST_NAME" in error.why


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_goes_with_the_error(status: int) -> None:
    """In seconds, to the letter."""
    error = judge(reply(status, NOTHING, retry_after="7"), Asked("PUT", "/users/1"), NOW)
    assert isinstance(error, Transient)
    assert error.retry_after_s == 7.0


def test_an_etag_that_could_not_be_sent_back_is_dropped() -> None:
    """It would stand in a header."""
    for etag, kept in (('"a1"', '"a1"'), ('W/"a1"', None), ('"a\x00"', None), ("naked", None), ("", None)):
        answer = judge(reply(200, OK, etag=etag), Asked("GET", "/project/1"), NOW)
        assert isinstance(answer, Answer)
        assert answer.etag == kept
