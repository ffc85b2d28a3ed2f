"""Forgetting in time: documents, then attempts, then messages, each class of data after its own number of days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from outbox import sqlfiles
from outbox.config import Settings
from outbox.relay.connection import Connection

BATCH = 5_000


@dataclass(frozen=True)
class Retention:
    """Days after a message is done (documents, messages) or a call was made (attempts)."""

    documents: int
    attempts: int
    messages: int


@dataclass(frozen=True)
class Pruned:
    """How many documents were dropped, attempts and messages removed."""

    documents: int
    attempts: int
    messages: int


def retention(settings: Settings) -> Retention:
    return Retention(settings.keep_documents_days, settings.keep_attempts_days, settings.keep_messages_days)


def preview(connection: psycopg.Connection[Any], keep: Retention) -> Pruned:
    """What `prune` would remove now. Writes nothing."""
    row = connection.execute(sqlfiles.read("prune/count.sql"), vars(keep)).fetchone()
    assert row is not None
    return Pruned(*row)


async def prune(connection: Connection, keep: Retention, batch: int = BATCH) -> Pruned:
    """Needs a connection in autocommit: each batch is a transaction, so nothing is locked for long, and what was done
    when it is interrupted stays done.
    """
    return Pruned(
        await _walk(connection, "prune_documents", keep.documents, batch),
        await _walk(connection, "prune_attempts", keep.attempts, batch),
        await _walk(connection, "prune_messages", keep.messages, batch),
    )


async def _walk(connection: Connection, function: str, days: int, batch: int) -> int:
    """From the oldest on, in the order of ids, until a whole stretch is young."""
    query = sql.SQL(sqlfiles.read("prune/stretch.sql")).format(prune=sql.Identifier("outbox", function))
    removed = after = 0
    while True:
        (row,) = await connection.rows(query, {"days": days, "after": after, "batch": batch})
        last, old, gone = row
        removed += int(gone)
        if not old:
            return removed
        after = last
