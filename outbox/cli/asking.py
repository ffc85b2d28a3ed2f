"""Questions before something that is hard to undo."""

from __future__ import annotations

import sys

import click


def agreed_by_typing(name: str, what: str, yes: bool) -> None:
    """A person types the name of the database. Raises Abort when it is another, UsageError when nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this asks before it goes on ({what}), and there is nobody to ask: say --yes")
    if click.prompt(f"{what}; type the name of the database to go on", default="", show_default=False) != name:
        raise click.Abort
