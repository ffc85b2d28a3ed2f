"""In which language a person is spoken to: --lang, else the locale."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from outbox.words import LANGUAGES, Words, language_of


def spoken(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --lang; the command gets `say`."""

    @click.option("--lang", type=click.Choice(LANGUAGES), help="English or Dutch; else as the locale says.")
    @wraps(command)
    def with_words(*arguments: Any, lang: str | None, **options: Any) -> Any:
        return command(*arguments, say=Words(lang or language_of(os.environ)), **options)

    return with_words
