"""The ready-made questions of sql/audit: what there is, what each wants to know, and its answer.

A question is a file that psql runs as it is. Its first line is the question, a line `-- name  what it is` names a
parameter, which the query has as `:'name'`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

from outbox import sqlfiles
from outbox.database import Connection, pin
from outbox.errors import InstallError

Given = str | list[str]
_PARAMETER = re.compile(r":'(\w+)'")
_IS_ARRAY = ":'{}'::text[]"
# Python knows no infinity of these, and writes them in its own way.
_AS_TEXT = ("date", "timestamp", "timestamptz", "interval")


@dataclass(frozen=True)
class Question:
    """parameters: what each is, in the order of the file."""

    name: str
    title: str
    parameters: Mapping[str, str]
    sql: str


@dataclass(frozen=True)
class Answer:
    """rows: times as text, else as psycopg reads them. texts: the same as PostgreSQL writes it, None for null."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    texts: list[tuple[str | None, ...]]


def read_questions() -> dict[str, Question]:
    """All there are, by name."""
    files = sorted(sqlfiles.path("audit").glob("*.sql"))
    return {f.stem: _parse(f.stem, sqlfiles.read(f"audit/{f.name}")) for f in files}


def _parse(name: str, text: str) -> Question:
    explained = dict(re.findall(r"^-- (\w+)  +(.+)$", text, re.MULTILINE))
    return Question(name, text.splitlines()[0].removeprefix("-- "), explained, text)


def ask(connection: Connection, question: Question, given: Mapping[str, Given]) -> Answer:
    """In a transaction that cannot write. given: a text for each parameter, a list of texts for a key.

    Raises InstallError where a table or view is not there that the question reads.
    """
    query = _PARAMETER.sub(r"%(\1)s", question.sql.replace("%", "%%"))
    values = {name: _value(question, name, given[name]) for name in question.parameters}
    try:
        with connection.transaction():
            # intervals for people: 1 day 02:03:04
            pin(connection, {"transaction_read_only": "on", "IntervalStyle": "postgres"})
            cursor = connection.cursor()
            for type_ in _AS_TEXT:
                cursor.adapters.register_loader(type_, TextLoader)
            return _read(cursor.execute(query, values))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedColumn) as e:
        raise InstallError(
            f"{question.name} asks for something that this database does not have: {e.diag.message_primary}",
            f"copy it and edit it for your own tables: outbox audit --sql {question.name} > {question.name}.sql",
        ) from None


def _value(question: Question, name: str, given: Given) -> Given:
    """A key of one column may be given as it is: 001 is {001}."""
    if isinstance(given, str) and _IS_ARRAY.format(name) in question.sql and not given.startswith("{"):
        return [given]
    return given


def _read(cursor: psycopg.Cursor[Any]) -> Answer:
    columns = tuple(c.name for c in cursor.description or ())
    rows = cursor.fetchall()
    result = cursor.pgresult
    assert result is not None
    encoding = cursor.connection.info.encoding

    def text(row: int, column: int) -> str | None:
        value = result.get_value(row, column)
        return None if value is None else value.decode(encoding)

    return Answer(columns, rows, [tuple(text(r, c) for c in range(len(columns))) for r in range(len(rows))])


def nothing_found(question: Question, given: Mapping[str, Given]) -> str:
    """In words."""
    asked = ", ".join(f"{name} {_words(given[name])}" for name in question.parameters)
    return f"nothing found about {asked}" if asked else "nothing found"


def _words(value: Given) -> str:
    return value if isinstance(value, str) else " ".join(value)


def list_missing(question: Question, given: Sequence[str]) -> list[str]:
    """The parameters that still have to be given."""
    return [name for name in question.parameters if name not in given]
