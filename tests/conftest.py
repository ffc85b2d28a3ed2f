"""Real PostgreSQL for every test: one server per major version, one database per test, cloned from a template."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from psycopg import sql

from outbox import embedded, install, sandbox, sqlfiles
from outbox.demo import SOURCE

DEFAULT_VERSION = 16
# Nothing here outlives the run, so durability would only cost time. Compiling (jit) takes longer than what is compiled:
# relay and commands do without, too.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "jit": "off",
}
_serial = itertools.count(1)

# How long an example takes says nothing on a busy machine, nor how long the sandbox takes to answer a test.
settings.register_profile(
    "any time", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("any time")
DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.connect = 60.0
# A shell that starts the tests in the background has it ignored, and with them all that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="also run the long tests")
    parser.addoption("--rounds", default=100, help="how many random rounds tests/faults plays")
    parser.addoption("--seed", default=None, help="the seed of the first of them")
    parser.addoption("--vendor-openapi", metavar="FILE", help="also hold every ERP call against the vendor's document")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for marker, option in (("soak", "--soak"), ("vendor", "--vendor-openapi")):
        if not config.getoption(option):
            config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker(marker)])
            items[:] = [i for i in items if not i.get_closest_marker(marker)]


class Server:
    """A running PostgreSQL; `cloned` gives a fresh database from a template."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.templates: set[str] = set()

    def database(self, name: str) -> str:
        return self.dsn.replace("/postgres?", f"/{name}?")

    def create(self, name: str, template: str = "template0") -> str:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        if template != "template0":
            take_home(self.database(name))
        return self.database(name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def cloned(self, template: str = "template0") -> Iterator[str]:
        """The DSN of a database that is gone after the block."""
        name = f"{template}_{os.getpid()}_{next(_serial)}"
        yield self.create(name, template)
        self.drop(name)

    def template(self, name: str, fill: Callable[[psycopg.Connection], None]) -> str:
        """A database filled once in a run, to clone from."""
        if name not in self.templates:
            with psycopg.connect(self.create(name)) as connection:
                fill(connection)
            self.templates.add(name)
        return name


def take_home(dsn: str) -> None:
    """A cloned outbox belongs to the template; unlike `adopt` this leaves nothing else behind."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('outbox.identity') IS NOT NULL").fetchone() == (True,):
            connection.execute(
                "UPDATE outbox.identity AS i SET (system_identifier, database, relation, timeline)"
                " = (SELECT h.system_identifier, h.database, h.relation, h.timeline FROM outbox.here() AS h)"
            )


def fill_source(connection: psycopg.Connection, *, data: bool = True) -> None:
    """The reference schema, with or without its sample data, and the desired views; nothing of the outbox."""
    for name in SOURCE:
        if data or name != "reference/data.sql":
            connection.execute(sqlfiles.read(name))


def fill_outbox(connection: psycopg.Connection) -> None:
    """The outbox's own tables; no triggers."""
    for _, _, text in sqlfiles.migrations():
        connection.execute(text)


def fill_reference(connection: psycopg.Connection) -> None:
    """The reference database with its sample data, and the outbox's own tables; no triggers."""
    fill_source(connection)
    fill_outbox(connection)


def fill_installed(connection: psycopg.Connection) -> None:
    """The reference database with its triggers; nothing is registered."""
    fill_reference(connection)
    connection.commit()
    connection.autocommit = True
    install.apply(connection, install.plan(connection))


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[int], Server]]:
    """Servers by major version, started when first asked for."""
    running: dict[int, Server] = {}
    with ExitStack() as stack:

        def get(version: int) -> Server:
            if version not in running:
                running[version] = Server(stack.enter_context(embedded.running(version=version, options=OPTIONS)))
            return running[version]

        yield get


@pytest.fixture(scope="session")
def server(servers: Callable[[int], Server]) -> Server:
    return servers(int(os.environ.get("OUTBOX_TEST_PG", DEFAULT_VERSION)))


@pytest.fixture(params=embedded.versions())
def every_server(request: pytest.FixtureRequest, servers: Callable[[int], Server]) -> Server:
    """Each supported version that is here: the wheel's, and the system's."""
    return servers(request.param)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The DSN of a database without any object."""
    with server.cloned() as dsn:
        yield dsn


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The DSN of a database as `fill_reference` makes it."""
    with server.cloned(server.template("reference", fill_reference)) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """Both clouds, for the tests of a process that leave no call under way; who uses it empties it."""
    with sandbox.running() as url:
        yield url
