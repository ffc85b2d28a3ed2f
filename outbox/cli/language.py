"""In which language a person is spoken to: --lang, else the locale."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import psycopg

from outbox.database import explain
from outbox.errors import OutboxError
from outbox.words import LANGUAGES, Words, language_of


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

    return with_words


def _said(error: OutboxError, say: Words) -> OutboxError:
    """The same error in the language of the person."""
    error.why, error.hint, error.lead = say.error(error.why), say.error(error.hint), say("try")
    return error
