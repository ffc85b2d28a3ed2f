"""On every server that is here one database with the outbox's own tables; each test has its tables and views there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from outbox import embedded
from tests.capture.covering import Connection
from tests.conftest import Server, fill_outbox

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


@contextmanager
def connected(server: Server) -> Iterator[Connection]:
    """Cloning a database for each of these tests would take most of their time."""
    name = server.template(f"capture_{os.getpid()}", fill_outbox)
    with psycopg.connect(server.database(name), autocommit=True) as c:
        c.execute(RESET)
        yield c


@pytest.fixture
def connection(every_server: Server) -> Iterator[Connection]:
    """On each supported version."""
    with connected(every_server) as c:
        yield c


@pytest.fixture
def newest_connection(servers: Callable[[int], Server]) -> Iterator[Connection]:
    """On the newest version, for what older ones do not know."""
    with connected(servers(max(embedded.versions()))) as c:
        yield c


@pytest.fixture
def icu_connection(servers: Callable[[int], Server]) -> Iterator[Connection]:
    """On a server that was built with ICU; where none is here nothing can be said."""
    for version in embedded.versions():
        with connected(servers(version)) as c:
            if c.execute("SELECT FROM pg_collation WHERE collprovider = 'i' LIMIT 1").fetchone() is not None:
                yield c
                return
    pytest.skip("did not run: no server here was built with ICU")
