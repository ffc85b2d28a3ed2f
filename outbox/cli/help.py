"""outbox help"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

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
        click.echo_via_pager(page + (_each_command(click.get_current_context()) if topic == "commands" else ""))


def _each_command(context: click.Context) -> str:
    """What --help says of each: it is written down there alone."""
    root = context.find_root()
    each = {
        name: command.get_help(click.Context(command, root, name, obj=Words()))
        for name, command in sorted(commands(root.command))
    }
    return "\n## Each command\n" + "".join(f"\n### outbox {name}\n\n{text}\n" for name, text in each.items())


def commands(group: click.Command, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """All there are; those of a group are commands of their own: apps, apps pull."""
    assert isinstance(group, click.Group)
    for name in group.list_commands(click.Context(group)):
        if command := group.get_command(click.Context(group), name):
            yield prefix + name, command
            if isinstance(command, click.Group):
                yield from commands(command, f"{prefix}{name} ")
