"""Soundness: whatever the view, its tables and their types, what changes is named by what capture wrote.

Hypothesis draws schema, view, statements and the order in which all happens, and shows the smallest round that fails
with all that was done in it. `--rounds 5000` plays more, `--seed 7` the same ones again, `--soak` a great many.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

import hypothesis
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.capture import covering
from tests.capture.covering import Connection
from tests.capture.grammar import ITEMS, SET_OPERATIONS, SHAPES
from tests.capture.rounds import WRITERS, Exactness, Round, Script, draw_script
from tests.capture.schemas import ICU_KINDS, KINDS, Kind
from tests.conftest import fill_outbox

Connections = tuple[Connection, list[Connection]]


@pytest.fixture
def connections(empty_database: str) -> Iterator[Connections]:
    with connected(empty_database) as found:
        yield found


@contextmanager
def connected(dsn: str) -> Iterator[Connections]:
    """One connection that installs and looks on, and some that write, with other settings."""
    with ExitStack() as stack:
        first, *writers = (stack.enter_context(psycopg.connect(dsn, autocommit=True)) for _ in range(1 + WRITERS))
        first.execute("SET client_min_messages = warning")
        fill_outbox(first)
        covering.pin(first)
        first.execute("SET statement_timeout = '2s'")
        for style, writer in zip(("German", "ISO, YMD", "SQL, DMY"), writers, strict=True):
            writer.execute(f"SET DateStyle = '{style}'; SET lock_timeout = '10ms'".encode())
        yield first, writers


def kinds_here(connection: Connection) -> dict[str, Kind]:
    """Case-blind collations where the server was built with ICU."""
    row = connection.execute("SELECT count(*) > 1 FROM pg_collation WHERE collprovider = 'i'").fetchone()
    return KINDS | (ICU_KINDS if row and row[0] else {})


def play_rounds(connections: Connections, rounds: int, seed: int | None) -> None:
    connection, writers = connections
    kinds = kinds_here(connection)

    @hypothesis.seed(Random().getrandbits(32) if seed is None else seed)
    @settings(
        max_examples=rounds,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.randoms(use_true_random=False).map(lambda random: draw_script(random, kinds)))
    def play(script: Script) -> None:
        try:
            Round(connection, writers).play(script)
        except Exception as e:
            e.add_note(str(script))
            raise

    play()


def test_whatever_changes_is_named(connections: Connections, pytestconfig: pytest.Config) -> None:
    """Random schemas, views and concurrent transactions beside a relay that looks at what is named: it ends equal."""
    seed = pytestconfig.getoption("--seed")
    play_rounds(connections, int(pytestconfig.getoption("--rounds")) // 2, None if seed is None else int(seed))


@pytest.mark.soak
def test_whatever_changes_is_named_for_long(connections: Connections) -> None:
    """The same many times over."""
    play_rounds(connections, 20_000, None)


@pytest.mark.soak
def test_how_exact_it_is(connections: Connections, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how many keys are named needlessly, for views with each kind of SQL.

    Of every transaction that ends: what it named and what it changed, if it were expanded at once. A view counts for
    every kind that it has.
    """
    connection, writers = connections
    kinds, found = kinds_here(connection), defaultdict[str, Exactness](Exactness)
    for wanted in (None, *SHAPES, *ITEMS, *SET_OPERATIONS):
        for seed in range(20):
            random = Random(f"{wanted} {seed}")
            Round(connection, writers, exactness=found).play(draw_script(random, kinds, wanted))
    with capsys.disabled():
        print(f"\n{'kind':<18} transactions    keys  changed  needlessly  of all keys", file=sys.stderr)
        for kind, exactness in sorted(found.items()):
            print(f"{kind:<18} {exactness}", file=sys.stderr)
    assert found["all"].named >= found["all"].changed
