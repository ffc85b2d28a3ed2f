"""What strangers wrote, made fit for us."""

from __future__ import annotations

import unicodedata
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.targets.http import Reply
from outbox.targets.replies import MAX_RETRY_AFTER_S, MAX_WORDS_BYTES, clean, parse, retry_after_s

NOW = 1_700_000_000.0


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_is_one_line_of_visible_characters(text: str) -> None:
    """No control or formatting characters, no surrogates, no e-mail address, at most 2 KiB."""
    line = clean(text * 50)
    assert not any(unicodedata.category(c)[0] == "C" for c in line)
    assert "@" not in line
    assert len(line.encode()) <= MAX_WORDS_BYTES


def test_long_words_are_cut_at_a_whole_character() -> None:
    """2 KiB of UTF-8."""
    assert clean("é" * 3000) == "é" * (MAX_WORDS_BYTES // 2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", None),
        ("120", 120.0),
        (" 3 ", 3.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("999999999", MAX_RETRY_AFTER_S),
        ("9" * 400, None),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), None),
        ("Wed, 99 Foo 2024 00:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str, expected: float | None) -> None:
    """What is no such thing, or over already, is as if it were absent; a slip does not silence for ever."""
    assert retry_after_s({"retry-after": value}, NOW) == expected


def test_a_date_is_measured_by_the_servers_own_clock() -> None:
    """Our clock may be wrong by hours."""
    headers = {"retry-after": formatdate(NOW + 30, usegmt=True), "date": formatdate(NOW, usegmt=True)}
    assert retry_after_s(headers, NOW + 7200) == 30.0


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_not_but_never_an_exception(content: bytes) -> None:
    """Lone surrogates, NUL, invalid UTF-8."""
    parse(Reply(200, {"content-type": "application/json"}, content))


def test_a_number_of_ten_thousand_digits_is_not_json_for_us() -> None:
    """Python refuses to read it."""
    answer = parse(Reply(200, {"content-type": "application/json"}, b"9" * 10_000))
    assert not isinstance(answer, int)
