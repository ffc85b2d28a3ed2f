"""A connection for commands, and what the driver's errors mean to a person."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from outbox import sqlfiles
from outbox.errors import DatabaseUnavailable, InstallError, NotAtHome, NotPermitted, OutboxError
from outbox.relay.connection import SESSION, with_time_outs
from outbox.silence import noticed

Connection = psycopg.Connection[Any]
OLDEST_VERSION = 15
APPLICATION_NAME = "outbox"
NOT_AT_HOME = "OB001"  # raised by outbox.require_home()


@contextmanager
def connect(dsn: str) -> Iterator[Connection]:
    """In autocommit, with the settings of the relay, so that keys have the same text form; but what is said to be done
    is on disk. Raises InstallError where the server is too old, psycopg.Error where there is none, DatabaseUnavailable
    when it falls silent.
    """
    with psycopg.connect(with_time_outs(dsn, APPLICATION_NAME), autocommit=True) as connection, noticed(connection):
        check_version(connection)
        own = {
            "application_name": APPLICATION_NAME,
            "synchronous_commit": "on",
            # a command computes within a transaction: of 400 views install thinks for five seconds, and has no lease
            "idle_in_transaction_session_timeout": "1min",
        }
        pin(connection, {**SESSION, **own}, for_transaction=False)
        yield connection


def pin(connection: Connection, settings: Mapping[str, str], *, for_transaction: bool = True) -> None:
    """Settings of the server, for this transaction or for the session."""
    values = {"settings": json.dumps(settings), "local": for_transaction}
    connection.execute(sqlfiles.read("session/pin.sql"), values)


def is_standby(connection: Connection) -> bool:
    return connection.execute(sqlfiles.read("session/is_standby.sql")).fetchone() == (True,)


def check_version(connection: Connection) -> None:
    """Raises InstallError where the server is too old."""
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise InstallError(
            f"the server is PostgreSQL {version}; the outbox needs {OLDEST_VERSION} or later",
            "point OUTBOX_DSN to a newer server",
        )


def require_outbox(connection: Connection) -> None:
    """Raises InstallError where the outbox is not installed."""
    if connection.execute(sqlfiles.read("session/is_installed.sql")).fetchone() != (True,):
        raise InstallError(f"the outbox is not installed in database {connection.info.dbname}", "outbox install")


@contextmanager
def deciding(connection: Connection) -> Iterator[None]:
    """A transaction in which a person decides: what it writes tells who (outbox.actor). Not longer than that, since
    behind a pooler the session is soon somebody else's.
    """
    with connection.transaction():
        connection.execute(sqlfiles.read("decide/name_actor.sql"), {"user": _user()})
        yield


def _user() -> str | None:
    """The name at the desk; None where there is none (a container): the database user stands for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def explain(error: psycopg.Error) -> OutboxError:
    """By its SQLSTATE; an error without one came from the connection itself."""
    state, words = error.sqlstate, _words(error)
    if state == "42501":
        return NotPermitted(f"the database role lacks a right: {words}", "grant it, or use another role in OUTBOX_DSN")
    if state == NOT_AT_HOME:
        return NotAtHome(words)
    if state == "25006":
        return DatabaseUnavailable(f"the database is read-only: {words}", "point OUTBOX_DSN to the primary")
    if state is None or state[:2] in ("08", "57", "53", "28", "3D"):
        return DatabaseUnavailable(f"the database cannot be used: {words}")
    return OutboxError(f"the database refused a statement: {words} (SQLSTATE {state})")


def _words(error: psycopg.Error) -> str:
    """The server's own message in one line, without the detail, which may quote a row."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(text.split())
