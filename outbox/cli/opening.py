"""What most commands begin with: the settings, and the database that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from outbox import database
from outbox.config import Settings, load
from outbox.errors import ConfigError


@dataclass(frozen=True)
class Opened:
    settings: Settings
    connection: database.Connection


@contextmanager
def opened(*, installed: bool = True) -> Iterator[Opened]:
    """installed: the outbox must be there already."""
    settings = load()
    if not settings.dsn:
        raise ConfigError("no database is named", "set OUTBOX_DSN, e.g. postgresql://user@host/database")
    with database.connect(settings.dsn.reveal()) as connection:
        if installed:
            database.require_outbox(connection)
        yield Opened(settings, connection)
