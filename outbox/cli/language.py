"""In which language a person is spoken to: --lang, else the locale."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click
import psycopg

from outbox.database import explain
from outbox.errors import OutboxError
from outbox.words import LANGUAGES, Words, language_of

_METAVAR = re.compile(r"'\[?([A-Z]+)\]?\.\.\.'")  # '[RESOURCE]...'
INTERRUPTED = 130  # as a shell says it of a program that Ctrl-C ended


def spoken(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --lang; the command gets `say`."""

    @click.option("--lang", type=click.Choice(LANGUAGES), help="English or Dutch; else as the locale says.")
    @wraps(command)
    def with_words(*arguments: Any, lang: str | None, **options: Any) -> Any:
        say = Words(lang or language_of(os.environ))
        try:
            return command(*arguments, say=say, **options)
        except psycopg.Error as e:
            raise _said(explain(e), say) from e
        except OutboxError as e:
            raise _said(e, say) from e
        except (click.Abort, KeyboardInterrupt, EOFError):
            click.echo(say("stopped"), err=True)
            return INTERRUPTED

    return with_words


def say_usage(error: click.UsageError, arguments: Sequence[str]) -> bool:
    """What is wrong with the arguments, in Dutch; False: he reads English, or the command knows no other language."""
    context = error.ctx
    speaks = context is None or context.parent is None or any(p.name == "lang" for p in context.command.params)
    say = Words(_asked_for(arguments) or language_of(os.environ))
    if say.language == "en" or not speaks:
        return False
    if context is not None:
        usage = context.get_usage().removeprefix("Usage: ")
        click.echo(f"Gebruik: {usage}\nMeer, in het Engels: {context.command_path} --help\n", err=True)
    words = _METAVAR.sub(r"'\1'", " ".join(error.format_message().split()))
    click.echo(f"Fout: {say.error(words)}", err=True)
    return True


def _asked_for(arguments: Sequence[str]) -> str | None:
    """--lang before anything is parsed: nothing may be left of it where something is wrong."""
    for name, value in zip(arguments, [*arguments[1:], ""], strict=True):
        given = value if name == "--lang" else name.removeprefix("--lang=") if name.startswith("--lang=") else ""
        if given in LANGUAGES:
            return given
    return None


def _said(error: OutboxError, say: Words) -> OutboxError:
    """The same error in the language of the person."""
    error.why, error.hint, error.lead = say.error(error.why), say.error(error.hint), say("try")
    return error
