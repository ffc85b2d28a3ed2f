"""The parts of outbox/docs that follow from the code: the tables of settings, commands and audit questions.

    python -m tests.pages

writes them anew; tests/cli/test_pages.py fails where a page is not as it would be written.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from outbox.cli import outbox
from outbox.cli.help import PAGES, commands
from outbox.config import CompanySettings, Settings, TargetSettings
from outbox.config.source import declared
from outbox.operator.audit import read_questions


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


# -- settings -------------------------------------------------------------------------------------------------------


def settings(cls: Any) -> str:
    rows = [(f"`{of.name}`", _default(of), of.metadata["help"]) for of in declared(cls)]
    return table(("setting", "default", "what it is"), rows)


def _default(of: dataclasses.Field[Any]) -> str:
    if of.default in (dataclasses.MISSING, None, "") or not isinstance(of.default, str | int | float):
        return "-"
    return f"`{of.default:g}`" if isinstance(of.default, float) else f"`{json.dumps(of.default)}`".replace('"', "")


# -- commands -------------------------------------------------------------------------------------------------------


def overview() -> str:
    rows = [(f"`outbox {name}`", _first_line(command)) for name, command in sorted(commands(outbox))]
    return table(("command", "what it does"), rows)


def _first_line(command: click.Command) -> str:
    return " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())


# -- questions ------------------------------------------------------------------------------------------------------


def questions() -> str:
    rows = [
        (f"`{q.name}`", q.title, "; ".join(f"`{name}`: {what}" for name, what in q.parameters.items()) or "-")
        for q in read_questions().values()
    ]
    return table(("name", "question", "wants"), rows)


# Page -> heading -> what stands below it, up to the next heading of its kind.
GENERATED: dict[str, dict[str, Callable[[], str]]] = {
    "settings": {
        "## For all": partial(settings, Settings),
        "## For each cloud": partial(settings, TargetSettings),
        "## For companies": partial(settings, CompanySettings),
    },
    "commands": {"## Overview": overview},
    "audit": {"## The questions": questions},
}


def written(name: str) -> str:
    """A page as it should be."""
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    for heading, render in GENERATED[name].items():
        pattern = rf"(?ms)^{re.escape(heading)}$.*?(?=^## |\Z)"
        assert re.search(pattern, text), f"{name}.md has no heading {heading}"
        text = re.sub(pattern, lambda _, h=heading, r=render: f"{h}\n\n{r()}\n\n", text)  # type: ignore[misc]
    return text.rstrip("\n") + "\n"


def write() -> None:
    for name in GENERATED:
        Path(PAGES / f"{name}.md").write_text(written(name), encoding="utf-8")


if __name__ == "__main__":
    write()
