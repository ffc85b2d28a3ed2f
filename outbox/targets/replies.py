"""Pure: what stands in a reply. Everything in it was written by strangers."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from outbox.targets.http import Reply

MAX_WORDS_BYTES = 2048
# A slip in one header must not silence a company for a year.
MAX_RETRY_AFTER_S = 86_400.0

_ERROR_FIELDS = ("error_code", "error", "errors", "ExceptionType", "ExceptionMessage")
_WORD_FIELDS = (
    "error_code",
    "error_description",
    "error",
    "message",
    "ExceptionMessage",
    "ExceptionDetails",
    "ExceptionFaultCode",
)


class _NotJson:
    """In place of a body that is not JSON."""


NOT_JSON = _NotJson()


def parse(reply: Reply) -> Any:
    """The body as JSON, None where there is none, NOT_JSON for anything else."""
    if not reply.content.strip() and reply.whole:
        return None
    kind = reply.headers.get("content-type", "").split(";")[0].strip().lower()
    if not reply.whole or not kind.endswith(("/json", "+json")):
        return NOT_JSON
    if reply.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return NOT_JSON
    try:
        return json.loads(reply.content, parse_constant=_refuse)
    except (ValueError, RecursionError):  # RecursionError: nested a thousand deep
        return NOT_JSON


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def is_error(body: Any) -> bool:
    """Is this one of the APIs' error bodies, whatever the status says?"""
    if not isinstance(body, dict):
        return False
    return any(body.get(name) for name in _ERROR_FIELDS) or body.keys() == {"message"}


def is_own_error(body: Any, *, of_the_erp: bool) -> bool:
    """Is this an error in the very form of the API that was asked (P and C)? Gateways have JSON errors of their own."""
    if not isinstance(body, dict):
        return False
    if of_the_erp:
        names = ("message",) if body.keys() == {"message"} else ("ExceptionType", "ExceptionMessage")
    else:
        names = ("error_code",)
    return all(isinstance(body.get(name), str) and body[name] for name in names)


def words_of(reply: Reply, body: Any, private: tuple[str, ...]) -> str:
    """What the target says about its error, fit for a log; "" where it says nothing."""
    if isinstance(body, dict):
        said = (body.get(name) for name in _WORD_FIELDS)
        return clean(" ".join(str(s) for s in said if isinstance(s, str | int) and s != ""), private)
    if body is not NOT_JSON:
        return clean(body if isinstance(body, str) else "", private)
    text = reply.content[: 4 * MAX_WORDS_BYTES].decode("utf-8", "replace")
    return "an HTML page" if text.lstrip().startswith("<") else clean(text, private)


def clean(text: str, private: tuple[str, ...] = ()) -> str:
    """Text of a stranger, made fit for a log: one line, no control or formatting characters, no e-mail address and
    none of the private values, at most MAX_WORDS_BYTES of UTF-8.

    >>> clean("no such user\\x00 jan@example.nl,\\x1b[31m Jan", ("Jan",))
    'no such user *** [31m ***'
    """
    text = text[: 4 * MAX_WORDS_BYTES]
    for value in private:
        if len(value) > 1:
            text = text.replace(value, "***")
    plain = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    line = " ".join("***" if "@" in word else word for word in plain.split())
    return line.encode()[:MAX_WORDS_BYTES].decode("utf-8", "ignore")


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Retry-After in seconds or as a date; the date is measured by the server's own clock where it sends one. None also
    for what is over: it says when not to come, and obeyed as a wait of nothing it would be asked again without end.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        wait_s = float(value)
    elif (until := _seconds(value)) is not None:
        wait_s = max(0.0, until - (_seconds(headers.get("date", "")) or now))
    else:
        return None
    return min(wait_s, MAX_RETRY_AFTER_S) or None


def _seconds(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError):
        return None
