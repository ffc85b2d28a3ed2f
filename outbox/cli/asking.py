"""Questions before something that is hard to undo."""

from __future__ import annotations

import select
import signal
import socket
import sys

import click
from click import termui

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


def agreed_by_typing(name: str, what: str, yes: bool) -> None:
    """A person types the name of the database. Raises Abort when it is another, UsageError when nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this asks before it goes on ({what}), and there is nobody to ask: say --yes")
    if click.prompt(f"{what}; type the name of the database to go on", default="", show_default=False) != name:
        raise click.Abort


def hear_every_interrupt() -> None:
    """From now on, at each question. A Ctrl-C between the last step of Python and the moment in which `input` waits is
    seen by Python only when something has been typed: one in a hundred of those that come with the question.
    """
    termui.visible_prompt_func = _read_line  # the place where click's own tests put theirs


def _read_line(prompt: str) -> str:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        before = signal.set_wakeup_fd(theirs.fileno())
        try:
            click.echo(prompt, nl=False)
            select.select([sys.stdin, ours], [], [])
        finally:
            signal.set_wakeup_fd(before)
    return input()
