"""Why a key is not in a view: the conditions that are named as failing are those that fail, whatever the view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import Any

import psycopg
import pytest

from outbox.desired_views import read_views
from outbox.explain.absence import Absence, examine
from outbox.resources import TARGETS
from tests.capture import covering
from tests.capture.covering import Connection
from tests.capture.grammar import ViewMaker
from tests.capture.rounds import NO_VIEW, UNREADABLE, run
from tests.capture.schemas import KINDS, Schema
from tests.capture.statements import StatementMaker

PLAIN = Schema(KINDS["text"], {}, "plain", {"p": "a", "q": "a", "r": "ab", "s": ""}, {})
EMPTY = "; ".join(
    [
        "DROP VIEW IF EXISTS visma_net.cost_centres, src.view_0, src.view_1, src.view_2 CASCADE",
        *(f"DELETE FROM {PLAIN.table(t)}" for t in PLAIN.keys),
    ]
)
FIRST_VIEW = "SELECT a AS company_code, b AS cost_centre_code, c AS description, true AS active FROM src.p"


@pytest.fixture
def source(empty_database: str) -> Iterator[Connection]:
    """Four small tables and a view of two key columns over them."""
    with psycopg.connect(empty_database, autocommit=True) as c:
        c.execute(PLAIN.ddl().encode())
        c.execute(f"CREATE SCHEMA visma_net; CREATE VIEW visma_net.cost_centres AS {FIRST_VIEW}")
        covering.pin(c)
        c.execute("SET statement_timeout = '20s'; SET client_min_messages = warning")
        yield c


def look(connection: Connection, view: str, *key: str) -> Absence:
    """Why the key is not in `view`, a definition of visma_net.cost_centres."""
    create(connection, view)
    return ask(connection, key)


def create(connection: Connection, view: str) -> None:
    connection.execute("DROP VIEW visma_net.cost_centres")
    connection.execute(f"CREATE VIEW visma_net.cost_centres AS {view}".encode())


def ask(connection: Connection, key: Sequence[str]) -> Absence:
    return examine(connection, read_views(connection, "visma_net")["cost_centres"], key)


def is_wrong(absence: Absence, in_view: bool) -> bool:
    """In the view: by some branch everything holds. Not in it: by none, unless more than conditions decides there."""
    open_ways = [b for b in absence.branches if b.distance == 0]
    return not open_ways if in_view else any(not b.unexamined for b in open_ways)


def test_random_views(source: Connection) -> None:
    """Joins of all kinds, subqueries, grouping, set operations; what is too complex says so. The seed replays one."""
    figures: Counter[str] = Counter()
    for seed in range(1, 101):
        random = Random(seed)
        views, statements = ViewMaker(random, PLAIN).view(), StatementMaker(random, PLAIN)
        source.execute(EMPTY.encode())
        try:
            for text in views:
                source.execute(text.encode())
            for _ in range(25):
                run(source, statements.statement())
            found = covering.read_view(source, "visma_net", "cost_centres")
        except (*NO_VIEW, *UNREADABLE) as e:
            figures[type(e).__name__] += 1
            continue
        rows = {tuple(value for value in key if value is not None) for key in found if None not in key}
        for key in {*list(rows)[:2], *product(("x", "y"), repeat=2)}:
            absence = ask(source, key)
            if absence.why_not is not None:
                figures["too complex"] += 1
                continue
            figures["in the view" if key in rows else "not in it"] += 1
            assert not is_wrong(absence, key in rows), f"seed {seed}, {key} {key in rows}\n{views}\n{absence}"
    print(dict(figures))
    assert figures["in the view"] > 10
    assert figures["not in it"] > 10


def test_every_reference_view(database: str) -> None:
    """Each is understood, and what is said of every key between its users, companies and codes is true."""
    codes = {
        "user_code": ("JANSEN", "MULDER", "NIEMAND"),
        "company_code": ("001", "002", "009"),
        "app_code": ("SCAN", "FISCAL"),
        "project_code": ("P0001", "P9999"),
        "cost_type_code": ("4000", "9999"),
        "cost_centre_code": ("KP100", "KP999"),
    }
    with psycopg.connect(database, autocommit=True) as connection:
        for target in TARGETS:
            for name, view in read_views(connection, target).items():
                rows = covering.read_view(connection, target, name)
                for key in product(*(codes[c] for c in view.resource.key)):
                    absence = examine(connection, view, key)
                    assert absence.why_not is None
                    assert not is_wrong(absence, key in rows), f"{target}.{name} {key}: {absence}"


@pytest.fixture
def said(source: Connection) -> Any:
    """said(view, *key): each condition as (text, yes/no/-), of one branch."""
    source.execute("INSERT INTO src.p (a, b, c) VALUES ('x', '1', 'on'), ('y', '2', 'off')")
    source.execute("INSERT INTO src.q (a, c) VALUES ('x', 'on')")

    def answers(view: str, *key: str) -> list[tuple[str, str]]:
        (branch,) = look(source, view, *key).branches
        return [(c.sql, {True: "yes", False: "no", None: "-"}[c.holds]) for c in branch.conditions]

    return answers


SHOWN = "AS company_code, p.b AS cost_centre_code, p.c AS description, true AS active FROM src.p"


def test_where(said: Any) -> None:
    """Each condition for itself, with the row that the key names."""
    view = f"SELECT p.a {SHOWN} WHERE p.c = 'on' AND p.d IS NULL"
    assert said(view, "y", "2") == [("a = 'y'", "yes"), ("b = '2'", "yes"), ("c = 'on'", "no"), ("d IS NULL", "yes")]


def test_join(said: Any) -> None:
    """There is a row, and nothing that belongs to it; what hangs on that cannot be said."""
    view = f"SELECT p.a {SHOWN} JOIN src.q ON q.a = p.a WHERE q.c = 'on'"
    assert said(view, "y", "2") == [
        ("p.a = 'y'", "yes"),
        ("p.b = '2'", "yes"),
        ("q.a = p.a", "no"),
        ("q.c = 'on'", "-"),
    ]


def test_join_that_begins_with_a_subquery(said: Any) -> None:
    """The subquery is asked alone, without what is joined to it."""
    view = f"SELECT s.a {SHOWN.partition(' FROM ')[0]} FROM (SELECT a FROM src.q) s JOIN src.p ON p.a = s.a"
    assert said(view, "x", "1") == [("s.a = 'x'", "yes"), ("p.b = '1'", "yes"), ("p.a = s.a", "yes")]
    assert said(view, "x", "2") == [("s.a = 'x'", "yes"), ("p.b = '2'", "yes"), ("p.a = s.a", "no")]


def test_left_join(said: Any) -> None:
    """It takes nothing away by itself; a condition on what it brought does."""
    view = f"SELECT p.a {SHOWN} LEFT JOIN src.q ON q.a = p.a AND q.c = 'on'"
    assert ("p.a = 'y'", "yes") in said(view, "y", "2")
    assert said(f"{view} WHERE q.c IS NOT NULL", "y", "2")[-1] == ("q.c IS NOT NULL", "no")


def test_using_and_aliases(said: Any) -> None:
    """Tables by their names; one that is there twice by its aliases."""
    assert said(f"SELECT p.a {SHOWN} JOIN src.q USING (a)", "y", "2")[-1] == ("p.a = q.a", "no")
    view = f"SELECT p.a {SHOWN} JOIN src.p AS other ON other.a = p.b"
    assert said(view, "y", "2")[-1] == ("other.a = p.b", "no")


def test_exists(said: Any) -> None:
    view = f"SELECT p.a {SHOWN} WHERE NOT EXISTS (SELECT FROM src.q WHERE q.a = p.a) AND EXISTS (SELECT FROM src.r)"
    assert [s for _, s in said(view, "x", "1")] == ["yes", "yes", "no", "no"]


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (f"SELECT p.a {SHOWN} LIMIT 1", "it has LIMIT, which looks at all rows together"),
        (f"SELECT DISTINCT ON (p.a) p.a {SHOWN}", "it has DISTINCT ON, which picks one row of several"),
        (f"SELECT p.a {SHOWN} RIGHT JOIN src.q ON q.a = p.a", "it has a RIGHT JOIN"),
        (f"SELECT p.a {SHOWN} EXCEPT SELECT p.a {SHOWN}", "it has EXCEPT, which looks at all rows together"),
    ],
)
def test_too_complex(source: Connection, view: str, why: str) -> None:
    """Said in a sentence, and nothing is guessed."""
    absence = look(source, view, "x", "1")
    assert (absence.branches, absence.why_not) == ((), why)


def test_a_slow_view(source: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, and says so."""
    from outbox.explain import absence

    monkeypatch.setattr(absence, "TIMEOUT_S", 1)
    source.execute("INSERT INTO src.p (a, b) VALUES ('x', '1')")
    found = look(source, f"SELECT p.a {SHOWN} WHERE p.b = '2' OR pg_sleep(3)::text = 'x'", "x", "1")
    assert found.why_not == "a condition took longer than 1 s"


def test_a_value_of_another_type(source: Connection) -> None:
    """Whole numbers as keys: a text cannot be one of them."""
    source.execute("CREATE TABLE src.numbered (n integer PRIMARY KEY)")
    view = "SELECT n AS company_code, 'x' AS cost_centre_code, '' AS description, true AS active FROM src.numbered"
    assert look(source, view, "7", "x").branches[0].failing[0].column == "n"
    assert "invalid input syntax for type integer" in str(look(source, view, "abc", "x").why_not)
