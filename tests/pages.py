"""The parts of outbox/docs that follow from the code: the tables of settings, commands and audit questions.

    python -m tests.pages

writes them anew; tests/cli/test_pages.py fails where a page is not as it would be written.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from outbox.cli import outbox
from outbox.cli.help import PAGES
from outbox.config import CompanySettings, Settings, TargetSettings
from outbox.config.source import declared
from outbox.operator.audit import read_questions


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


# -- settings -------------------------------------------------------------------------------------------------------


def general_settings() -> str:
    return _settings(Settings)


def target_settings() -> str:
    return _settings(TargetSettings)


def company_settings() -> str:
    return _settings(CompanySettings)


def _settings(cls: Any) -> str:
    rows = [(f"`{of.name}`", _default(of), of.metadata["help"]) for of in declared(cls)]
    return table(("setting", "default", "what it is"), rows)


def _default(of: dataclasses.Field[Any]) -> str:
    if of.default in (dataclasses.MISSING, None, "") or not isinstance(of.default, str | int | float):
        return "-"
    return f"`{of.default:g}`" if isinstance(of.default, float) else f"`{json.dumps(of.default)}`".replace('"', "")


# -- commands -------------------------------------------------------------------------------------------------------


def overview() -> str:
    rows = [(f"`outbox {name}`", _first_line(command)) for name, command in sorted(commands())]
    return table(("command", "what it does"), rows)


def each_command() -> str:
    return "\n\n".join(_command(name, command) for name, command in sorted(commands()))


def commands(group: click.Group = outbox, prefix: str = "") -> Iterable[tuple[str, click.Command]]:
    """Those of a group are commands of their own: apps pull."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        if command and not (isinstance(command, click.Group) and not command.invoke_without_command):
            yield prefix + name, command


def _first_line(command: click.Command) -> str:
    return " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())


def _command(name: str, command: click.Command) -> str:
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    options = "\n".join(_option(p) for p in command.params if isinstance(p, click.Option))
    return "\n\n".join(filter(None, (f"### outbox {name} {usage}", _help(command), options)))


def _help(command: click.Command) -> str:
    """As `--help` has it: paragraphs, and blocks that stay as they are."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_block(p) if p.startswith("\b") else textwrap.fill(p, 118) for p in paragraphs)


def _block(text: str) -> str:
    """The first line is what the others are about; examples are commands, which tests/cli/test_docs.py runs."""
    first, *lines = text.removeprefix("\b\n").splitlines()
    head, language = ("", "sh") if first.startswith("Example") else (f"{first}\n\n", "text")
    return head + "\n".join((f"```{language}", *(line.strip() for line in lines), "```")) if lines else first


def _option(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(outbox))}"
    return f"- `{', '.join(option.opts)}{value}`: {option.help}"


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
        "## For all": general_settings,
        "## For each cloud": target_settings,
        "## For companies": company_settings,
    },
    "commands": {"## Overview": overview, "## Each command": each_command},
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
