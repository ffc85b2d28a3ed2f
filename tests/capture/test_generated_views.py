"""Soundness: whatever the view, every key whose rows change is named by what capture wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from outbox import install
from tests.capture import covering, grammar

TARGET, RESOURCE = "visma_net", "cost_centres"
FIRST_VIEW = "SELECT a AS company_code, b AS cost_centre_code, c AS description, true AS active FROM src.p"
Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(empty_database: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database, autocommit=True) as c:
        c.execute("SET client_min_messages = warning")
        c.execute(grammar.SCHEMA)  # type: ignore[arg-type]
        c.execute(f"CREATE SCHEMA visma_net; CREATE VIEW visma_net.cost_centres AS {FIRST_VIEW}")
        covering.pin(c)
        yield c


def test_random_views_over_random_statements(connection: Connection) -> None:
    """Joins of all kinds, subqueries, grouping, windows, set operations; the seed replays a round."""
    try_seeds(connection, range(1, 101))


@pytest.mark.soak
def test_many_random_views(connection: Connection) -> None:
    """The same for as long as one likes."""
    try_seeds(connection, range(1_000, 4_000))


def try_seeds(connection: Connection, seeds: range) -> None:
    figures: Counter[str] = Counter()
    for seed in seeds:
        try:
            try_view(connection, Random(seed), figures)
        except Exception as e:
            e.add_note(f"seed {seed}")
            raise
    print(f"seeds {seeds}: {dict(figures)}")
    assert figures["changed"]


def try_view(connection: Connection, random: Random, figures: Counter[str]) -> None:
    """One view, some rows, ten transactions."""
    view = grammar.ViewMaker(random).view()
    connection.execute("DROP VIEW visma_net.cost_centres")
    connection.execute(f"CREATE VIEW visma_net.cost_centres AS {view}".encode())
    plan = install.plan(connection)
    install.apply(connection, plan)
    figures["views with a table that names every row" if plan.notes else "views followed throughout"] += 1
    for table in grammar.TABLES:
        connection.execute(sql.SQL("DELETE FROM src.{}").format(sql.Identifier(table)))
    for _ in range(30):
        run(connection, grammar.statement(random))
    for _ in range(10):
        try_transaction(connection, [grammar.statement(random) for _ in range(random.choice((1, 1, 2, 4)))], figures)


def try_transaction(connection: Connection, statements: list[str], figures: Counter[str]) -> None:
    since = covering.last_message(connection)
    before = covering.read_view(connection, TARGET, RESOURCE)
    with connection.transaction():
        for statement in statements:
            run(connection, statement)
    after = covering.read_view(connection, TARGET, RESOURCE)
    changed = covering.changed_keys(before, after)
    named = covering.named_by(connection, TARGET, RESOURCE, since)
    figures["changed"] += len(changed)
    figures["named"] += sum(any(n.covers(k) for n in named) for k in before.keys() | after.keys() if None not in k)
    missed = covering.uncovered(changed, named)
    assert not missed, f"{missed} changed unseen\n{statements}\n{definition(connection)}"
    drift = connection.execute("SELECT count(*) FROM outbox.message WHERE operation = 'DRIFT'").fetchone()
    assert drift == (0,), f"a capture function failed\n{statements}\n{definition(connection)}"


def run(connection: Connection, statement: str) -> None:
    """A duplicate key is a statement that fails, as an application's may."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.errors.IntegrityError:
        pass


def definition(connection: Connection) -> str:
    row = connection.execute("SELECT pg_get_viewdef('visma_net.cost_centres'::regclass)").fetchone()
    return str(row and row[0])
