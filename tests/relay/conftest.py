"""One world per test: a database with capture installed, and the sandbox, empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from outbox.targets import listing
from outbox.verify import look
from tests.conftest import Server, fill_outbox, fill_source
from tests.lane import UNBRAKED, World, fill_captured


def _fill(connection: psycopg.Connection) -> None:
    fill_source(connection, data=False)
    fill_outbox(connection)
    fill_captured(connection)


@pytest.fixture(scope="session")
def shared(server: Server) -> Iterator[str]:
    """One database for all tests that change rows only: cloning one for each would take most of their time."""
    with server.cloned(server.template("captured", _fill)) as dsn:
        yield dsn


@contextmanager
def _world(dsn: str, base_url: str, target: str) -> Iterator[World]:
    world = World(dsn, base_url, target)
    try:
        world.empty()
        yield world
    finally:
        world.close()


@pytest.fixture
def world(shared: str, base_url: str) -> Iterator[World]:
    """AccountView.Net: users, companies, who may open which, and apps."""
    with _world(shared, base_url, "accountview_net") as made:
        yield made


@pytest.fixture
def erp(shared: str, base_url: str) -> Iterator[World]:
    """Visma.net: users and companies, and the projects and costs in its ERP."""
    with _world(shared, base_url, "visma_net") as made:
        yield made


@pytest.fixture
def apart(server: Server, base_url: str) -> Iterator[World]:
    """AccountView.Net in a database of its own: a test may change views."""
    with (
        server.cloned(server.template("captured", _fill)) as dsn,
        _world(dsn, base_url, "accountview_net") as made,
    ):
        yield made


@pytest.fixture
def unbraked(world: World) -> None:
    """More new users than a brake lets through."""
    world.limits = UNBRAKED


@pytest.fixture
def rereading_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that failed or changed while it was read is read again at once."""
    monkeypatch.setattr(listing, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(look, "REREAD_WAIT_S", 0.01)
