"""Questions before something that is hard to undo."""

from __future__ import annotations

import sys

import click

from outbox.words import Words

_YES = {"en": ("y", "yes"), "nl": ("j", "ja", "y", "yes")}
_NO = ("", "n", "no", "nee")


def agrees(question: str, say: Words) -> bool:
    """A person says yes or no in his own language; Enter alone is no. Raises Abort where the input ends."""
    while True:
        typed = click.prompt(f"{question} {say('[y/N]')}", default="", show_default=False).strip().lower()
        if typed in (*_YES[say.language], *_NO):
            return typed not in _NO
        click.echo(say("yes or no?"))


def agreed(question: str, asks: str, yes: bool) -> None:
    """A person says yes; asks: what the command does, and before what. Raises Abort for a no, UsageError when nobody
    is there.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{asks}, and there is nobody to ask: say --yes")
    click.confirm(question, abort=True, err=True)


def agreed_by_typing(name: str, what: str, yes: bool) -> None:
    """A person types the name of the database. Raises Abort when it is another, UsageError when nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this asks before it goes on ({what}), and there is nobody to ask: say --yes")
    if click.prompt(f"{what}; type the name of the database to go on", default="", show_default=False) != name:
        raise click.Abort
