"""outbox audit: every question from the command line, as table, CSV and JSON; and clear words for what is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import sqlfiles
from outbox.operator.audit import Question, read_questions
from tests.cli.conftest import Shell

QUESTIONS = read_questions()
FILLED = (Path(__file__).parents[1] / "sql" / "filled_outbox.sql").read_text()
GIVEN = {
    "target": ["target=visma_net"],
    "resource": ["resource=projects"],
    "key": ["key=001", "key=P0500"],
    "user": ["user=BAKKER"],
    "company": ["company=001"],
    "group": ["group=KANTOOR"],
}
each_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def values(question: Question) -> list[str]:
    return [v for name in question.parameters for v in GIVEN[name]]


@pytest.fixture
def filled(shell: Shell, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """An outbox after a day's work."""
    monkeypatch.setenv("OUTBOX_DSN", database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute(FILLED)
        yield connection


def test_they_are_listed_with_one_line_each(shell: Shell) -> None:
    """Without a database: the name, the question, and what it wants to know."""
    lines = shell("audit").out.splitlines()
    assert len(lines) == 1 + len(QUESTIONS)
    for name, question in QUESTIONS.items():
        [line] = [one for one in lines if one.startswith(f"{name} ")]
        assert question.title in line
        assert all(f"{parameter}=…" in line for parameter in question.parameters)


def test_the_list_as_json(shell: Shell) -> None:
    listed = {q["name"]: q for q in json.loads(shell("audit", "--json").out)}
    assert set(listed) == set(QUESTIONS)
    assert listed["apps_of_group"]["parameters"] == {"group": "the group code, e.g. KANTOOR"}
    assert listed["backlog"]["question"].startswith("How much is waiting")


@each_question
def test_sql_is_the_file_itself(shell: Shell, question: Question) -> None:
    """So that psql runs it, and a DBA can start from it."""
    assert shell("audit", "--sql", question.name).out == sqlfiles.read(f"audit/{question.name}.sql")


def test_every_question_in_every_format(shell: Shell, filled: psycopg.Connection) -> None:
    """The same rows and columns each time."""
    for question in QUESTIONS.values():
        rows = json.loads(shell("audit", question.name, *values(question), "--json").out)
        assert rows, question.name
        head, *lines = csv.reader(io.StringIO(shell("audit", question.name, *values(question), "--csv").out))
        assert (head, len(lines)) == (list(rows[0]), len(rows))
        result = shell("audit", question.name, *values(question))
        assert result.out.splitlines()[0].split() == head
        assert (len(result.out.splitlines()), result.code, result.err) == (len(rows) + 1, 0, "")


def test_values_in_json_have_their_types(shell: Shell, filled: psycopg.Connection) -> None:
    """Numbers are numbers, keys are lists, documents are objects, nothing is null."""
    rows = json.loads(shell("audit", "calls_per_1000_changes", "--json").out)
    assert [r["calls_per_1000_changes"] for r in rows] == [667, 667, 900, None]
    [row] = json.loads(shell("audit", "held", "--json").out)
    assert (row["key"], row["changed_by"]) == (["DIJK", "003"], "pieter")
    sent = json.loads(shell("audit", "sent_about_person", "user=BAKKER", "--json").out)
    assert sent[-1]["document"] == {"email": "fatima@korenmolen.example.com"}


def test_times_are_for_people(shell: Shell, filled: psycopg.Connection) -> None:
    """In a table to the second, and to the millisecond where calls follow each other; a program gets them whole."""
    filled.execute("UPDATE outbox.attempt SET started_at = '2026-03-02 09:00:00.5+00'")
    filled.execute("ALTER DATABASE {} SET TimeZone TO 'UTC'".format(filled.info.dbname))  # noqa: UP032
    assert "2026-03-02 09:10:00+00" in shell("audit", "held").out
    history = ("audit", "history_of_key", "target=visma_net", "resource=projects", "key={001,P0500}")
    assert "2026-03-02 09:00:00.500+00" in shell(*history).out
    assert "2026-03-02 09:00:00.5+00" in shell(*history, "--csv").out


def test_values_in_csv_are_as_postgresql_writes_them(shell: Shell, filled: psycopg.Connection) -> None:
    """Read back by COPY as well as by a spreadsheet."""
    [row] = csv.DictReader(io.StringIO(shell("audit", "held", "--csv").out))
    assert (row["key"], row["since"]) == ("{DIJK,003}", "2026-03-02 10:07:00.1+00")
    assert ",," in shell("audit", "oldest_pending", "--csv").out  # no value


def test_a_key_by_repetition_or_as_an_array(shell: Shell, filled: psycopg.Connection) -> None:
    """The same answer; a key of one column needs neither."""
    start = ("audit", "history_of_key", "target=visma_net")
    two = shell(*start, "resource=projects", "key=001", "key=P0500").out
    assert two == shell(*start, "resource=projects", "key={001,P0500}").out
    assert two.count("\n") == 8
    assert "updated" in shell(*start, "resource=users", "key=BERG").out


def test_nothing_found_is_said(shell: Shell, filled: psycopg.Connection) -> None:
    """About whom; the output stays what a program expects."""
    result = shell("audit", "apps_of_user", "user=NOBODY")
    assert (result.code, result.out, result.err) == (0, "", "nothing found about user NOBODY\n")
    assert json.loads(shell("audit", "apps_of_user", "user=NOBODY", "--json").out) == []
    assert shell("audit", "apps_of_user", "user=NOBODY", "--csv").out.count("\n") == 1


def test_nothing_moves_the_cursor(shell: Shell, filled: psycopg.Connection) -> None:
    """A name that is an escape sequence comes out as spaces."""
    filled.execute("UPDATE outbox.message SET error = E'\\x1b[2Jgone\\nagain' WHERE status = 'held'")
    assert "[2Jgone again" in shell("audit", "held").out
    assert "\x1b" not in shell("audit", "held").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("backlogs",), "'backlogs' is not one of access_of_user, "),
        (("access_of_user",), "access_of_user also wants user=… (user is the user code, e.g. JANSEN)"),
        (("access_of_user", "JANSEN"), "access_of_user does not know JANSEN; it wants user=…"),
        (("backlog", "user=JANSEN"), "backlog does not know user=JANSEN; it wants nothing"),
        (("history_of_key", "target=visma_net", "key=x"), "also wants resource=…"),
        (("access_of_user", "user="), "access_of_user also wants user=…"),
        (
            ("history_of_key", "target=visma", "resource=users", "key=x"),
            "target: 'visma' is not one of accountview_net",
        ),
        (("history_of_key", "target=visma_net", "resource=user", "key=x"), "resource: 'user' is not one of users, "),
        (
            ("history_of_key", "target=visma_net", "resource=projects", "key=001"),
            "the key of projects is company_code, project_code: 2 values, not 1",
        ),
        (("access_of_user", "user=A", "user=B"), "user is given more than once"),
        (("backlog", "--json", "--csv"), "exclude each other"),
        (("--sql",), "which QUESTION?"),
        (("--csv",), "which QUESTION?"),
    ],
)
def test_wrong_arguments(shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    """Found before a database is asked."""
    result = shell("audit", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_value_that_is_no_key(shell: Shell, filled: psycopg.Connection) -> None:
    """The server's own words, and no traceback."""
    result = shell("audit", "history_of_key", "target=visma_net", "resource=projects", "key={001")
    assert result.code == 2
    assert 'malformed array literal: "{001"' in result.err


def test_nothing_can_be_written(shell: Shell, filled: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file says: the transaction is read-only."""
    read, evil = sqlfiles.read, "-- How?\nDELETE FROM outbox.message RETURNING id"
    monkeypatch.setattr(sqlfiles, "read", lambda name: evil if name.startswith("audit/") else read(name))
    result = shell("audit", "backlog")
    assert result.code == 69
    assert "read-only" in result.err


def test_a_question_about_other_tables(shell: Shell, filled: psycopg.Connection) -> None:
    """Where a view or a source table is not there: which, and how to make the question one's own."""
    filled.execute("DROP SCHEMA visma_net CASCADE")
    result = shell("audit", "access_of_user", "user=JANSEN")
    assert result.code == 73
    assert 'relation "visma_net.company_access" does not exist' in result.err
    assert "outbox audit --sql access_of_user > access_of_user.sql" in result.err


def test_the_last_register_counts_each_key_once(shell: Shell, site: psycopg.Connection) -> None:
    """As register told it: who was not ready until his company came is one who was created."""
    told = json.loads(shell("register", "--target", "accountview_net", "--yes", "--json").out)["totals"]
    asked = json.loads(shell("audit", "last_register", "--json").out)
    assert {n: sum(row["keys"] for row in asked if row["became"] == n) for n in told} == told
