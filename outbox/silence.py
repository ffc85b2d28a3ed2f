"""A server that acknowledges and never answers: TCP takes it for alive, and a statement would wait for ever.

How long a statement takes says nothing, a register of a million rows may take its time. So a command that waits asks at
the door, once in LOOK_S: who neither lets another connection in within DOOR_S nor refuses it is silent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from outbox.errors import DatabaseUnavailable
from outbox.relay.connection import Connection as RelayConnection
from outbox.relay.connection import cut, open_connections

_Any = psycopg.Connection[Any] | RelayConnection
LOOK_S = 10.0
DOOR_S = 20


@contextmanager
def noticed(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Ends what waits for a silent server, on this connection and on those of a relay beside it in this process.

    Raises DatabaseUnavailable then.
    """
    over, silent = threading.Event(), threading.Event()
    threading.Thread(target=_look, args=(connection, over, silent), daemon=True).start()
    try:
        yield
    except psycopg.OperationalError as e:
        if not silent.is_set():
            raise
        raise DatabaseUnavailable(
            f"the database server takes connections, and has not answered for {LOOK_S + DOOR_S:.0f} s",
            "see what it is doing; what was begun there is done whole or not at all: once more, when it answers",
        ) from e
    finally:
        over.set()


def _look(connection: psycopg.Connection[Any], over: threading.Event, silent: threading.Event) -> None:
    info = connection.info
    door = make_conninfo(
        info.dsn,
        password=info.password,
        host=info.host,  # this one, where the connection string names several
        hostaddr=info.hostaddr,
        port=info.port,
        connect_timeout=DOOR_S,
        target_session_attrs="any",
    )
    while not over.wait(LOOK_S):
        everyone: list[_Any] = [connection, *open_connections]
        if any(map(_waits, everyone)) and not _opens(door) and not over.is_set():
            silent.set()
            for one in everyone:  # also what would wait next
                cut(one)


def _waits(connection: _Any) -> bool:
    return not connection.closed and connection.pgconn.transaction_status == TransactionStatus.ACTIVE


def _opens(door: str) -> bool:
    """Any answer will do: too many connections, say."""
    try:
        psycopg.connect(door).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.Error:
        return True
    return True
