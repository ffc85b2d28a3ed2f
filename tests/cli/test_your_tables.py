"""The page your-tables is run: its SQL by psql, its commands, each with the output that it shows."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from outbox.cli.help import PAGES
from outbox.cli.sandbox import settings_text
from tests.cli.conftest import Shell, write_settings
from tests.programs import program

PAGE = PAGES / "your-tables.md"
BLOCK = re.compile(r"```(sql|sh)\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
SHOW = os.environ.get("OUTBOX_UPDATE")  # python -m pytest -n 0 -s: what to write into the page


def blocks() -> Iterator[tuple[str, str, str | None]]:
    """(sql or sh, what is run, the output that the page shows below it)"""
    for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[1], found[2], found[3]


def test_every_block_does_what_the_page_says(
    shell: Shell, empty_database: str, clouds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From tables of another shape, names and keys to rows in a cloud."""
    monkeypatch.setenv("OUTBOX_DSN", empty_database)
    write_settings(settings_text(clouds))
    shown = []
    for kind, text, expected in blocks():
        printed = psql(empty_database, text) if kind == "sql" else "".join(said(shell, c) for c in text.splitlines())
        if SHOW:
            shown.append(f"\n----- {text}\n{printed}")
        elif expected is not None:
            assert is_like(printed, expected), f"{text}\nprinted:\n{printed[:5000]}"
    print("\n".join(shown))


def psql(dsn: str, text: str) -> str:
    command = [program(dsn, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def said(shell: Shell, command: str) -> str:
    """check ends with 1 where there is a warning."""
    result = shell(*command.split()[1:])
    assert result.code == 0 or command == "outbox check", result.err
    return result.out


def is_like(printed: str, expected: str) -> bool:
    """Dots stand for anything, on a line of their own for any lines."""
    pattern = "\n".join(map(str.rstrip, expected.strip("\n").splitlines()))
    lines = "\n".join(map(str.rstrip, printed.strip("\n").splitlines()))
    return re.fullmatch(re.escape(pattern).replace(re.escape("..."), ".*"), lines, re.DOTALL) is not None
