"""outbox help"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click

from outbox.cli.config import list_part, show
from outbox.cli.printing import lay_out
from outbox.config import CompanySettings, Settings, TargetSettings
from outbox.operator.audit import read_questions
from outbox.words import Words

PAGES = Path(__file__).resolve().parent.parent / "docs"


def topics() -> list[str]:
    """The pages there are."""
    return sorted(page.stem for page in PAGES.glob("*.md"))


@click.command("help")
@click.argument("topic", required=False, type=click.Choice(topics()), metavar="[TOPIC]")
def help_(topic: str | None) -> None:
    """A page about one topic; without one, the list of topics.

    \b
    Example:
      outbox help ideas
    """
    if topic is None:
        for name in topics():
            title = (PAGES / f"{name}.md").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
            click.echo(f"{name:11} {title}")
    else:
        page = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
        below = {"audit": _questions, "commands": _commands, "settings": _settings, "service": _metrics}.get(
            topic, tuple
        )
        click.echo_via_pager(page + "".join(f"\n## {title}\n\n{text}\n" for title, text in below()))


# What the pages do not repeat, since it is written down with what it is about: (title, text) of each.


def _commands() -> Iterator[tuple[str, str]]:
    root = click.get_current_context().find_root()
    for name, command in sorted(commands(root.command)):
        yield f"outbox {name}", command.get_help(click.Context(command, root, name, obj=Words()))


def _settings() -> Iterator[tuple[str, str]]:
    of_each = list_part(Settings()), list_part(TargetSettings("")), list_part(CompanySettings())
    for title, lines in zip(("For all", "For each cloud", "For companies"), of_each, strict=True):
        rows = [(line.name, show(line.value), line.help) for line in lines]
        yield title, "\n".join(lay_out(("setting", "default", "what it is"), rows))


def _questions() -> Iterator[tuple[str, str]]:
    for question in read_questions().values():
        head = takewhile(lambda line: line.startswith("-- "), question.sql.splitlines())
        yield question.name, "\n".join(line.removeprefix("-- ") for line in head)


def _metrics() -> Iterator[tuple[str, str]]:
    from outbox.service.metrics import MEANINGS  # here, since it takes its time

    yield "Metrics", "\n".join(lay_out(("metric", "means"), list(MEANINGS.items())))


def commands(group: click.Command, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """All there are; those of a group are commands of their own: apps, apps pull."""
    assert isinstance(group, click.Group)
    for name in group.list_commands(click.Context(group)):
        if command := group.get_command(click.Context(group), name):
            yield prefix + name, command
            if isinstance(command, click.Group):
                yield from commands(command, f"{prefix}{name} ")
