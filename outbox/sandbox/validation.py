"""Bodies against the contract's fields: pure, and the first thing found wrong is what is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from outbox.sandbox.contract import Field, Kind

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # and lone surrogates: no UTF-8 has them
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@.<>(),;:\"\[\]\\]+(\.[^\s@.<>(),;:\"\[\]\\]+)+")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


class Invalid(Exception):
    """A body that the contract does not allow: which field, why, and the identity API's error code for it."""

    def __init__(self, path: str, why: str, error: str) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.error = error


def check_body(body: Any, fields: tuple[Field, ...], path: str = "") -> dict[str, Any]:
    """The body with the `{"value": x}` wrappers taken off. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid(path, "an object is expected", "ERROR_INVALID_REQUEST")
    known = {field.name: field for field in fields}
    for name in body:
        if name not in known:
            raise Invalid(_join(path, name), "unknown field", "ERROR_INVALID_REQUEST")
    for field in fields:
        if field.required and field.name not in body:
            raise Invalid(_join(path, field.name), "is required", field.error)
    return {name: _check_field(value, known[name], _join(path, name)) for name, value in body.items()}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_field(value: Any, field: Field, path: str) -> Any:
    if field.wrapped:
        value = _unwrap(value, path)
    if value is None:
        if not field.nullable:
            raise Invalid(path, "must not be null", field.error)
        return None
    if field.kind is Kind.OBJECTS:
        return _check_objects(value, field, path)
    why = _CHECKS[field.kind](value, field)
    if why:
        raise Invalid(path, why, field.error)
    return value


def _unwrap(value: Any, path: str) -> Any:
    if not isinstance(value, dict) or value.keys() != {"value"}:
        raise Invalid(path, 'must be written {"value": ...}', "ERROR_INVALID_REQUEST")
    return value["value"]


def _check_objects(value: Any, field: Field, path: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise Invalid(path, "a list that is not empty is expected", field.error)
    return [check_body(item, field.items, f"{path}[{number}]") for number, item in enumerate(value)]


def _text(value: Any, field: Field) -> str | None:
    if not isinstance(value, str):
        return "a string is expected"
    if not field.blank and not value.strip():
        return "must not be blank"
    if len(value) > field.longest:
        return f"is longer than {field.longest} characters"
    if _CONTROL.search(value):
        return "holds control characters"
    if field.choices and value not in field.choices:
        return f"must be one of {', '.join(field.choices)}"
    return None


def _pattern(pattern: re.Pattern[str], meaning: str) -> Callable[[Any, Field], str | None]:
    def check(value: Any, field: Field) -> str | None:
        return _text(value, field) or (None if pattern.fullmatch(value) else f"is not {meaning}")

    return check


def _date_time(value: Any, field: Field) -> str | None:
    wrong = "is not a date and time like 2024-01-01T00:00:00"
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return wrong
    try:
        datetime.fromisoformat(value[:19])
    except ValueError:
        return wrong
    return None


def _flag(value: Any, field: Field) -> str | None:
    return None if isinstance(value, bool) else "true or false is expected"


def _number(value: Any, field: Field) -> str | None:
    return None if isinstance(value, int) and not isinstance(value, bool) else "a whole number is expected"


def _texts(value: Any, field: Field) -> str | None:
    if not isinstance(value, list):
        return "a list is expected"
    why = next((why for why in (_text(item, field) for item in value) if why), None)
    return why or ("holds a value twice" if len(set(value)) < len(value) else None)


_CHECKS: dict[Kind, Callable[[Any, Field], str | None]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.DATE_TIME: _date_time,
    Kind.EMAIL: _pattern(_EMAIL, "an e-mail address"),
    Kind.COUNTRY: _pattern(_COUNTRY, "an ISO country code of two capitals"),
    Kind.LANGUAGE: _pattern(_LANGUAGE, "a language like nl or en-GB"),
    Kind.TEXTS: _texts,
}
