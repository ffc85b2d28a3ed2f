"""What the commands print with: tables, numbers, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    for number, line in enumerate(lay_out(head, rows)):
        click.echo(click.style(line, bold=True) if number == 0 else line)


def lay_out(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """A table, line by line: columns as wide as they must be; numbers to the right."""
    cells = [[printable(str(c)) for c in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *cells]) for i in range(len(head))]
    right = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    for line in [list(head), *cells]:
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        yield "  ".join(padded).rstrip()


def printable(text: str) -> str:
    """Names come from outside: an escape sequence in one would be obeyed by the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def print_json(value: Any) -> None:
    """Times as in ISO 8601."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def count(number: int, noun: str) -> str:
    """count(1, "row") is "1 row", count(2, "row") is "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
