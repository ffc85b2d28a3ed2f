"""The result of a register, kept: as a file for the archive, or as JSON for a program."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from outbox.cli.following import cells, head, in_order, totals, why
from outbox.cli.printing import lay_out
from outbox.register.preview import Forecast
from outbox.register.request import Row
from outbox.words import Words


def check_report(file: Path | None, say: Words) -> None:
    """Before anything is sent: a report that cannot be written is found too late at the end."""
    if file is None:
        return
    if file.suffix not in (".csv", ".txt"):
        raise click.UsageError(say("--report {file} must end in .csv or .txt", file=file))
    try:
        file.open("a", encoding="utf-8").close()
    except OSError as e:
        raise click.UsageError(say("--report {file} cannot be written: {words}", file=file, words=e.strerror)) from None


def write_report(file: Path, rows: Sequence[Row], say: Words) -> None:
    """Every row, those that were as they should be too; UTF-8, for Excel with its mark."""
    lines = [cells(r, " ".join(r.key or ()), say) for r in in_order(rows)]
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as f:
            csv.writer(f).writerows([head(say), *lines])
        return
    with file.open("w", encoding="utf-8") as f:
        f.writelines(f"{line}\n" for line in (*lay_out(head(say), lines), "", totals(rows, say)))


def as_json(forecast: Forecast, say: Words, rows: Sequence[Row] | None = None, pending: int = 0) -> dict[str, Any]:
    """The preview; and, when it was registered, the rows and how many messages are still pending."""
    found = {**asdict(forecast), "removals": forecast.removals, "invitations": forecast.invitations}
    if rows is None:
        return found
    return found | {
        "pending": pending,
        "totals": Counter(r.became for r in rows),
        "rows": [
            {"target": r.target, "resource": r.resource, "key": r.key, "became": r.became, "why": why(r, say) or None}
            for r in in_order(rows)
        ],
    }
