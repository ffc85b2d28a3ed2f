"""In which language a person is spoken to: --lang, else the locale."""

from __future__ import annotations

import inspect
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


class Spoken(click.Command):
    """A command whose --help is in that language too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = _words(args)
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, f"{ctx.obj.help('Usage')}: ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(ctx.obj.help(inspect.cleandoc(self.help or "")))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(ctx.obj.help("Options")):
            options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
            records = filter(None, (p.get_help_record(ctx) for p in options))
            parts = [(option, *text.partition("  [")) for option, text in records]  # "...  [x>=0]"
            formatter.write_dl([(o, ctx.obj.help(text) + mark + rest) for o, text, mark, rest in parts])


def say_usage(error: click.UsageError, arguments: Sequence[str]) -> bool:
    """What is wrong with the arguments, in Dutch; False: he reads English, or the command knows no other language."""
    context = error.ctx
    say = _words(arguments)
    speaks = context is None or context.parent is None or isinstance(context.command, Spoken)
    if say.language == "en" or not speaks:
        return False
    if context is not None:
        usage = context.get_usage().removeprefix("Usage: ").removeprefix("Gebruik: ")
        more = (
            "Meer, in het Engels: outbox --help" if context.parent is None else f"Meer: {context.command_path} --help"
        )
        by_locale = context.parent is None or language_of(os.environ) == "nl"
        click.echo(f"Gebruik: {usage}\n{more}{'' if by_locale else ' --lang nl'}\n", err=True)
    words = _METAVAR.sub(r"'\1'", " ".join(error.format_message().split()))
    click.echo(f"Fout: {say.error(words)}", err=True)
    return True


def _words(arguments: Sequence[str]) -> Words:
    """By --lang before anything is parsed: --help goes first, and of what is wrong nothing may be left."""
    for name, value in zip(arguments, [*arguments, ""][1:], strict=True):
        given = value if name == "--lang" else name.removeprefix("--lang=") if name.startswith("--lang=") else ""
        if given in LANGUAGES:
            return Words(given)
    return Words(language_of(os.environ))


def _said(error: OutboxError, say: Words) -> OutboxError:
    """The same error in the language of the person."""
    error.why, error.hint, error.lead = say.error(error.why), say.error(error.hint), say("try")
    return error
