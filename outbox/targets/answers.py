"""Pure: what an answer means. The one place in which answers are classed.

    2xx, body as promised              DONE
    202                                ACCEPTED      the ERP's background queue; followed to its end
    409, "already exists" codes        EXISTS        find, adopt, update
    404, 410 as the API's own error    NOT_FOUND     on removal done, on update create
    412                                MISMATCH      read, apply again
    401, 403, licence, third party     NotAllowed
    408, 425, 429, 503                 Transient     the server says that it has not worked on it
    307, 308, 3xx to a read            PlatformDown  whoever answered, it was not the API
    any other 404, 410                 PlatformDown  nor was it here
    no connection                      PlatformDown
    all other 4xx                      Refused       with the target's words

What is left says nothing of what happened: 500, 502, 504, other 5xx, a 2xx whose body is not as promised, any other 3xx
(many a server answers so what it has just carried out), a broken connection. A read is simply done again: Transient. A
write is Unknown, every write and not only one that creates. A gateway's 502 or 504 may still be carried out after it.
Behind a 500 a part may be applied, and as Transient ("nothing was applied") the mirror would keep the old document as
certain: a row that changes back would then count as unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NoReturn

from outbox.errors import CloudError, NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.targets.http import NoReply, Reply
from outbox.targets.replies import NOT_JSON, clean, is_error, is_own_error, parse, retry_after_s, words_of
from outbox.targets.wire import legal_etag

EXISTS_CODES = frozenset(
    {"ERROR_EXTERNAL_ID_ALREADY_ADDED", "ERROR_TENANT_ID_ALREADY_ADDED", "ERROR_USER_LINKED_TO_CLIENT"}
)
REFUSED_CODES = frozenset(
    {
        "ERROR_INVALID_ORGANIZATION_NUMBER",
        "ERROR_INVALID_ORGANIZATION_NAME",
        "ERROR_INVALID_COUNTRY_CODE",
        "ERROR_INVALID_EMAIL",
        "ERROR_DOMAIN_DISPOSABLE",
        "ERROR_INVALID_FIRST_NAME",
        "ERROR_INVALID_LAST_NAME",
    }
)
THIRD_PARTY_CODE = "ERROR_THIRD_PARTY_APPLICATION"
BUSINESS_UNIT_CODE = "ERROR_INVALID_BUSINESS_UNIT_NAME"
NO_LICENCE_CODE = "12027"

_NOT_WORKED_ON = frozenset({408, 425, 429, 503})


class Verdict(StrEnum):
    DONE = "done"
    ACCEPTED = "accepted"
    EXISTS = "exists"
    NOT_FOUND = "not found"
    MISMATCH = "mismatch"


class TooLarge(Transient):
    """A read whose answer was cut off."""


@dataclass(frozen=True)
class Answer:
    """An answer that the target's module goes on with. what: the call, for sentences."""

    verdict: Verdict
    status: int
    what: str
    words: str = ""
    body: Any = None
    etag: str | None = None


@dataclass(frozen=True)
class Asked:
    """What an answer is the answer to. private: values that must not come back in an error's text. of_a_job: its body
    is that of another answer, perhaps of an error.
    """

    method: str
    path: str
    company: str | None = None
    private: tuple[str, ...] = ()
    of_a_job: bool = False

    @property
    def write(self) -> bool:
        return self.method != "GET"

    def keeping(self, secret: str) -> Asked:
        """The same, with one more value that must not come back."""
        return replace(self, private=(*self.private, secret))

    def __str__(self) -> str:
        return f"{self.method} {self.path[:200]}"


def judge(reply: Reply, asked: Asked, now: float) -> Answer | CloudError:
    """now: seconds since the epoch, for a Retry-After that is a date."""
    body = parse(reply)
    if 200 <= reply.status < 300:
        return _judge_success(reply, body, asked)
    words = words_of(reply, body, asked.private)
    sentence = f"{asked} was answered {reply.status}" + (f": {words}" if words else " without words")
    named = _judge_code(reply, body, asked, words, sentence)
    if named is not None:
        return named
    return _judge_status(reply, body, asked, words, sentence, now)


def judge_silence(silence: NoReply, asked: Asked) -> CloudError:
    """No answer at all."""
    why = clean(f"{asked}: {silence.why}")
    if not silence.sent:
        return PlatformDown(why)
    return Unknown(why) if asked.write else Transient(why)


def unexpected(answer: Answer) -> NoReturn:
    """A verdict that the caller has no use for."""
    why = f"{answer.what} was answered {answer.status}" + (f": {answer.words}" if answer.words else "")
    kinds: dict[Verdict, type[CloudError]] = {
        Verdict.ACCEPTED: Unknown,
        Verdict.EXISTS: Refused,
        Verdict.NOT_FOUND: Transient,  # something it hangs on is not there, perhaps not yet
        Verdict.MISMATCH: Transient,
    }
    raise kinds[answer.verdict](why, http_status=answer.status)


def _judge_success(reply: Reply, body: Any, asked: Asked) -> Answer | CloudError:
    if not reply.whole:
        return _not_known(asked, reply, "an answer that is too large")
    if body is NOT_JSON:
        return _not_known(asked, reply, "something that is not JSON")
    if is_error(body) and not asked.of_a_job:
        return _not_known(asked, reply, f"an error in its body: {words_of(reply, body, asked.private)}")
    if not asked.write and body is None and reply.status != 202:
        return _not_known(asked, reply, "nothing in its body")
    verdict = Verdict.ACCEPTED if reply.status == 202 else Verdict.DONE
    return Answer(verdict, reply.status, str(asked), "", body, legal_etag(reply.headers.get("etag")))


def _not_known(asked: Asked, reply: Reply, with_what: str) -> CloudError:
    why = f"{asked} was answered {reply.status} with {with_what}"
    if asked.write:
        return Unknown(why, http_status=reply.status)
    if not reply.whole:
        return TooLarge(why, http_status=reply.status)
    return Transient(why, http_status=reply.status)


def _judge_code(reply: Reply, body: Any, asked: Asked, words: str, sentence: str) -> Answer | CloudError | None:
    """Codes that say more than the status does."""
    code = body.get("error_code") if isinstance(body, dict) else None
    if not isinstance(code, str):
        code = ""  # a list or an object could not even be looked for
    if code in EXISTS_CODES:
        return Answer(Verdict.EXISTS, reply.status, str(asked), words)
    if code in REFUSED_CODES:
        return Refused(sentence, http_status=reply.status)
    if code in (THIRD_PARTY_CODE, BUSINESS_UNIT_CODE):
        return NotAllowed(_no_companies(code, words), http_status=reply.status, resource="companies")
    if _says_no_licence(body, words):
        return NotAllowed(
            f"company {asked.company} has no licence in the ERP ({words})",
            http_status=reply.status,
            company=asked.company,
        )
    return None


def _no_companies(code: str, words: str) -> str:
    """What no company gets past, and what to do about it: before the cloud's words, since a table cuts its cells."""
    if code == THIRD_PARTY_CODE:
        return f"this client may not add companies; ask the vendor to allow it ({words})"
    return f"this business unit, or none, is not accepted; set business_unit_name as the vendor gave it ({words})"


def _judge_status(reply: Reply, body: Any, asked: Asked, words: str, sentence: str, now: float) -> Answer | CloudError:
    status = reply.status
    verdict = {409: Verdict.EXISTS, 412: Verdict.MISMATCH}.get(status)
    if status in (404, 410) and is_own_error(body, of_the_erp=asked.company is not None):
        verdict = Verdict.NOT_FOUND
    if verdict is not None:
        return Answer(verdict, status, str(asked), words)
    if status in (401, 403):
        return NotAllowed(_forbidden(sentence, asked, status), http_status=status, company=asked.company)
    if status in _NOT_WORKED_ON:
        return Transient(sentence, http_status=status, retry_after_s=retry_after_s(reply.headers, now))
    if status in (404, 410, 307, 308) or (300 <= status < 400 and not asked.write):
        return PlatformDown(f"{sentence}; that was not the API itself", http_status=status)
    if 400 <= status < 500:
        return Refused(sentence, http_status=status)
    if asked.write:
        return Unknown(sentence, http_status=status)
    return Transient(sentence, http_status=status, retry_after_s=retry_after_s(reply.headers, now))


def _forbidden(sentence: str, asked: Asked, status: int) -> str:
    if status == 401 and asked.company is not None:
        return (
            f"{sentence}, also with a new token; is the remote id of company {asked.company} "
            "the tenant id of the company itself, not of the customer?"
        )
    return f"{sentence}, also with a new token" if status == 401 else sentence


def _says_no_licence(body: Any, words: str) -> bool:
    """In a field of its own, or in prose; not so a refusal that repeats a code and a name of ours."""
    if isinstance(body, dict) and str(body.get("ExceptionFaultCode")) == NO_LICENCE_CODE:
        return True
    return NO_LICENCE_CODE in re.findall(r"\d+", words) and re.search(r"\bno licen[cs]e\b", words, re.I) is not None
