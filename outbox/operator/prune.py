"""Forgetting in time: documents, then attempts, then messages, each class of data after its own number of days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from outbox import sqlfiles

Connection = psycopg.Connection[Any]
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


def preview(connection: Connection, keep: Retention) -> Pruned:
    """What `prune` would remove now. Writes nothing."""
    row = connection.execute(sqlfiles.read("prune/count.sql"), vars(keep)).fetchone()
    assert row is not None
    return Pruned(*row)


def prune(connection: Connection, keep: Retention, batch: int = BATCH) -> Pruned:
    """Needs a connection in autocommit: each batch is a transaction, so nothing is locked for long, and what was done
    when it is interrupted stays done.
    """
    return Pruned(
        _drop_documents(connection, keep.documents, batch),
        _walk(connection, "attempts", keep.attempts, batch),
        _walk(connection, "messages", keep.messages, batch),
    )


def _drop_documents(connection: Connection, days: int, batch: int) -> int:
    dropped = 0
    while True:
        done = connection.execute(sqlfiles.read("prune/documents.sql"), {"days": days, "batch": batch}).rowcount
        dropped += done
        if done < batch:
            return dropped


def _walk(connection: Connection, name: str, days: int, batch: int) -> int:
    """From the oldest on, in the order of ids, until a whole stretch is young."""
    removed = after = 0
    while True:
        query = sqlfiles.read(f"prune/{name}.sql")
        row = connection.execute(query, {"days": days, "after": after, "batch": batch}).fetchone()
        assert row is not None
        last, old, gone = row
        removed += int(gone)
        if not old:
            return removed
        after = last
