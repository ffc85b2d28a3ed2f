"""One value of a setting: declared, read from TOML or from text, checked. Knows no setting by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, field
from typing import Any

MOST = 100_000_000  # three years in seconds: neither a timer nor the calendar of PostgreSQL ends before it


class Secret:
    """A text that never shows itself, not in a message, a traceback or a dump; `reveal()` gives it.

    Not a str: joining, encoding and JSON would show one. read: gives the text once more from the file it came from.
    """

    __slots__ = ("_read", "_text")

    def __init__(self, text: str, read: Callable[[], str] | None = None) -> None:
        self._text = text
        self._read = read

    def reveal(self) -> str:
        return self._text

    def read_again(self) -> Secret:
        """As its file has it now; one that came from no file is as it was. Raises ConfigError."""
        return Secret(self._read(), self._read) if self._read else self

    def __repr__(self) -> str:
        return "***" if self._text else "(empty)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def setting(
    default: Any,
    help: str,  # noqa: A002
    *,
    least: float | None = None,
    most: float = MOST,
    choices: tuple[str, ...] = (),
) -> Any:
    """A dataclass field that is a setting. least, most: the numbers that are allowed."""
    return field(default=default, metadata={"help": help, "least": least, "most": most, "choices": choices})


def from_text(text: str, kind: type, of: Field[Any]) -> Any:
    """The value that a variable of the environment holds. ValueError: what was expected instead.

    >>> from_text("15", float, field())
    15.0
    """
    if kind is bool:
        return _checked({"true": True, "1": True, "false": False, "0": False}.get(text.lower()), kind, of)
    if kind in (int, float):
        try:
            return _checked(kind(text), kind, of)
        except ValueError:
            raise ValueError(expected(kind, of)) from None
    return from_toml(text, kind, of)


def from_toml(value: object, kind: type, of: Field[Any]) -> Any:
    """The value that a file holds. ValueError: what was expected instead.

    >>> from_toml(15, float, field())
    15.0
    """
    if kind is float and type(value) is int:
        value = float(value)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    return _checked(value, kind, of)


def _checked(value: object, kind: type, of: Field[Any]) -> Any:
    least, most, choices = (of.metadata.get(name) for name in ("least", "most", "choices"))
    fits = type(value) is kind  # a bool is an int to isinstance
    if fits and least is not None and most is not None and isinstance(value, int | float):
        fits = least <= value <= most
    if not fits or (choices and value not in choices):
        raise ValueError(expected(kind, of))
    return value


def expected(kind: type, of: Field[Any]) -> str:
    """What a value must be, in words.

    >>> expected(int, setting(8, "calls", least=1, most=64))
    'a whole number of at least 1 and at most 64'
    """
    words = {bool: "true or false", int: "a whole number", float: "a number"}
    least, most, choices = (of.metadata.get(name) for name in ("least", "most", "choices"))
    if choices:
        return "one of " + ", ".join(choices)
    return words.get(kind, "a text") + (f" of at least {least:g} and at most {most}" if least is not None else "")


def pairs(value: object) -> Mapping[str, str]:
    """A table of texts or whole numbers, e.g. segment -> value."""
    if not isinstance(value, dict) or not all(type(v) in (str, int) for v in value.values()):
        raise ValueError('a table of segment and value, e.g. { 1 = "10" }')
    return {k: str(v) for k, v in value.items()}
