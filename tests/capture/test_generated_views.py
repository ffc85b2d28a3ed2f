"""Soundness: whatever the view, its tables and their types, what changes is named by what capture wrote.

Hypothesis draws schema, view, statements and the order in which all happens, and shows the smallest round that fails
with all that was done in it. `--rounds 5000` plays more, `--seed 7` the same ones again, `--soak` a great many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import hypothesis
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from outbox import sqlfiles
from tests.capture import covering
from tests.capture.covering import Connection
from tests.capture.rounds import Round
from tests.capture.schemas import ICU_KINDS, KINDS, Kind

WRITERS = 3
Connections = tuple[Connection, list[Connection]]


@pytest.fixture
def connections(empty_database: str) -> Iterator[Connections]:
    """One that installs and looks on, and some that write."""
    with ExitStack() as stack:
        first, *writers = (
            stack.enter_context(psycopg.connect(empty_database, autocommit=True)) for _ in range(1 + WRITERS)
        )
        first.execute("SET client_min_messages = warning")
        for _, _, migration in sqlfiles.migrations():
            first.execute(migration.encode())
        covering.pin(first)
        for number, writer in enumerate(writers):
            styles = ("German", "ISO, YMD", "SQL, DMY")
            writer.execute(f"SET DateStyle = '{styles[number]}'; SET lock_timeout = '10ms'".encode())
        yield first, writers


def kinds_here(connection: Connection) -> dict[str, Kind]:
    """Case-blind collations where the server was built with ICU."""
    row = connection.execute("SELECT count(*) > 1 FROM pg_collation WHERE collprovider = 'i'").fetchone()
    return KINDS | (ICU_KINDS if row and row[0] else {})


def play_rounds(connections: Connections, rounds: int, seed: int | None) -> None:
    connection, writers = connections
    kinds = kinds_here(connection)

    @hypothesis.seed(seed if seed is not None else Random().getrandbits(32))
    @settings(
        max_examples=rounds,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.randoms(use_true_random=False))
    def play(random: Random) -> None:
        one = Round(connection, writers, random)
        try:
            hypothesis.assume(one.play(kinds))
        except Exception as e:
            for writer in writers:
                writer.rollback()
            e.add_note("\n".join(one.log))
            raise

    play()


def test_whatever_changes_is_named(connections: Connections, pytestconfig: pytest.Config) -> None:
    """Random schemas, views and concurrent transactions beside a relay that looks at what is named: it ends equal."""
    seed = pytestconfig.getoption("--seed")
    play_rounds(connections, int(pytestconfig.getoption("--rounds")), seed and int(seed))


@pytest.mark.soak
def test_whatever_changes_is_named_for_long(connections: Connections) -> None:
    """The same many times over."""
    play_rounds(connections, 20_000, None)
