"""On every server that is here one database with the outbox's own tables; each test has its tables and views there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from outbox import sqlfiles
from tests.capture.covering import Connection
from tests.conftest import Server

RESET = """
    RESET ALL;
    SET client_min_messages = warning;
    DROP SCHEMA IF EXISTS visma_net CASCADE;
    DROP SCHEMA IF EXISTS src CASCADE;
    CREATE SCHEMA visma_net;
    CREATE SCHEMA src;
    DELETE FROM outbox.message;
    DELETE FROM outbox.manifest;
    DELETE FROM outbox.bell;
"""


def fill_outbox(connection: psycopg.Connection) -> None:
    for _, _, text in sqlfiles.migrations():
        connection.execute(text)


@pytest.fixture
def connection(every_server: Server) -> Iterator[Connection]:
    """Cloning a database for each of these tests would take most of their time."""
    name = every_server.template(f"capture_{os.getpid()}", fill_outbox)
    with psycopg.connect(every_server.database(name), autocommit=True) as c:
        c.execute(RESET)
        yield c
