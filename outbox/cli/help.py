"""outbox help"""

from __future__ import annotations

from pathlib import Path

import click

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
        click.echo_via_pager((PAGES / f"{topic}.md").read_text(encoding="utf-8"))
