"""The ready-made questions: each runs in psycopg and in psql, only reads, and answers what one would count by hand."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from outbox import sqlfiles
from tests.conftest import Server, fill_reference

Row = dict[str, Any]
QUESTIONS = sorted(file.stem for file in sqlfiles.path("audit").glob("*.sql"))
GIVEN = {
    "target": "visma_net",
    "resource": "projects",
    "key": "{001,P0500}",
    "user": "BAKKER",
    "company": "001",
    "group": "KANTOOR",
}
ANSWERED = Path(__file__).with_name("answers.txt")
FILLED = Path(__file__).with_name("filled_outbox.sql").read_text()

# What is asked in answers.txt, with the lines of the answer.
ANSWERS = {
    asked: [line for line in lines if line and not line.startswith("#")]
    for asked, *lines in (part.split("\n") for part in ANSWERED.read_text().split("\n== ")[1:])
}
AS_IN_ANSWERS = ["-XAq", "-v", "ON_ERROR_STOP=1", "-F", " | ", "-P", "footer=off", "-P", "null=-"]

each_question = pytest.mark.parametrize("question", QUESTIONS)


def parameters(question: str) -> list[str]:
    return sorted(set(re.findall(r":'(\w+)'", sqlfiles.read(f"audit/{question}.sql"))))


def ask(dsn: str, question: str, **given: str) -> list[Row]:
    """The answer, asked as sql/README.md tells a program to: in a transaction that may not write."""
    text = sqlfiles.read(f"audit/{question}.sql").replace("%", "%%")
    bound = re.sub(r":'(\w+)'", r"%(\1)s", text)
    with psycopg.connect(dsn, row_factory=dict_row, options="-c TimeZone=UTC") as connection:  # where a day begins
        connection.read_only = True
        return connection.execute(bound, {**GIVEN, **given}).fetchall()


@pytest.fixture(scope="module")
def empty(server: Server) -> Iterator[str]:
    """An outbox in which nothing has happened yet."""
    with server.cloned(server.template("reference", fill_reference)) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[str]:
    """An outbox after a day's work: filled_outbox.sql."""
    with server.cloned(server.template("reference", fill_reference)) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute(FILLED)
        yield dsn


class TestEveryQuestion:
    def test_they_are_these(self) -> None:
        """A question that is added or dropped is added or dropped here too."""
        assert set(QUESTIONS) == {
            "backlog", "oldest_pending", "held", "dead", "not_ready", "failures_by_reason",
            "history_of_key", "who_changed_what", "who_changed_this", "sent_about_person",
            "invitations", "removals", "last_register",
            "time_to_visible", "calls_per_1000_changes",
            "access_of_user", "users_of_company", "accessible_apps", "apps_of_user", "apps_of_group",
        }  # fmt: skip

    @each_question
    def test_the_first_line_is_the_question(self, question: str) -> None:
        first = sqlfiles.read(f"audit/{question}.sql").splitlines()[0]
        assert re.fullmatch(r"-- [A-Z].*\?", first)

    @each_question
    def test_each_parameter_is_explained(self, question: str) -> None:
        """Exactly those that are used: `-- name  what it is`."""
        explained = re.findall(r"^-- (\w+)  +\S", sqlfiles.read(f"audit/{question}.sql"), re.MULTILINE)
        assert sorted(explained) == parameters(question)

    @each_question
    def test_it_answers_on_an_empty_outbox(self, empty: str, question: str) -> None:
        about_the_source = {"access_of_user", "users_of_company", "accessible_apps", "apps_of_user", "apps_of_group"}
        assert bool(ask(empty, question)) == (question in about_the_source)

    @pytest.mark.parametrize("asked", ANSWERS)
    def test_it_answers_this(self, server: Server, filled: str, asked: str) -> None:
        """Every row and column, in psql, with -v for each parameter and no other preparation; as many in psycopg."""
        question, *given = asked.split()
        run = subprocess.run(
            [
                psql(server),
                *AS_IN_ANSWERS,
                *(f"--set={g}" for g in given),
                "-f",
                sqlfiles.path(f"audit/{question}.sql"),
                filled,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PGCLIENTENCODING": "UTF8", "PGTZ": "UTC"},
        )
        assert (run.returncode, run.stderr) == (0, "")
        answer = re.sub(r"\d+ days( \d\d:\d\d:\d\d)?", "…", run.stdout).split("\n")[:-1]
        assert answer == ANSWERS[asked]
        assert len(answer) == 1 + len(ask(filled, question, **dict(g.split("=", 1) for g in given)))

    @each_question
    def test_each_column_says_something(self, question: str) -> None:
        """In some row of the answers, else nothing holds it."""
        answers = [lines for asked, lines in ANSWERS.items() if asked.split()[0] == question]
        rows = [dict(zip(head.split(" | "), row.split(" | "), strict=True)) for head, *rows in answers for row in rows]
        assert [c for c in rows[0] if {row[c] for row in rows} == {"-"}] == []


def psql(server: Server) -> str:
    """The psql beside the server that runs."""
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    assert row
    return str(Path(row[0]) / "psql")


class TestBacklogAndStuck:
    def test_backlog_before_the_first_register(self, empty: str) -> None:
        with psycopg.connect(empty) as connection:
            connection.execute(
                "INSERT INTO outbox.message (target, resource, key, operation)"
                " VALUES ('visma_net', 'users', '{X}', 'INSERT')"
            )
            [row] = connection.execute(sqlfiles.read("audit/backlog.sql")).fetchall()
            connection.rollback()
        assert row[-1] == "waits for its first register"

    @pytest.mark.parametrize(("question", "since", "waits"),
                             [("backlog", "oldest", "behind"), ("oldest_pending", "changed_at", "waits")])  # fmt: skip
    def test_how_long_it_waits_by_now(self, filled: str, question: str, since: str, waits: str) -> None:
        for row in ask(filled, question):
            assert abs(datetime.now(UTC) - row[since] - row[waits]) < timedelta(minutes=1)

    def test_the_change_behind_a_message(self, filled: str) -> None:
        """However many steps ago, or itself; where prune forgot it, the oldest that is left."""
        query = "SELECT message, change FROM outbox.origin WHERE message IN (9, 10, 11) ORDER BY message"
        with psycopg.connect(filled) as connection:
            assert connection.execute(query).fetchall() == [(9, 9), (10, 9), (11, 9)]
            connection.execute("DELETE FROM outbox.message WHERE id = 9")
            assert connection.execute(query).fetchall() == [(10, 10), (11, 10)]
            connection.rollback()
