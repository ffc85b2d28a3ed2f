"""One database per test, on every server that is here: the outbox's own tables, and no view yet."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import psycopg
import pytest

from outbox import sqlfiles
from tests.capture.covering import Connection
from tests.conftest import Server

_serial = itertools.count(1)


def fill_outbox(connection: psycopg.Connection) -> None:
    for _, _, text in sqlfiles.migrations():
        connection.execute(text)
    connection.execute("CREATE SCHEMA visma_net; CREATE SCHEMA src")


@pytest.fixture
def connection(every_server: Server) -> Iterator[Connection]:
    name = f"types_{os.getpid()}_{next(_serial)}"
    dsn = every_server.create(name, every_server.template("outbox_only", fill_outbox))
    with psycopg.connect(dsn, autocommit=True) as c:
        c.execute("SET client_min_messages = warning")
        yield c
    every_server.drop(name)
