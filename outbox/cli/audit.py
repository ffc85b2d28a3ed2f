"""outbox audit"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

import click
import psycopg

from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json, print_table
from outbox.operator.audit import Answer, Given, Question, ask, list_missing, nothing_found, read_questions
from outbox.resources import RESOURCES, TARGETS

_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d(?::\d\d)?)")
_TO_THE_MILLISECOND = ("at", "sent_at")


@click.command()
@click.argument("question", required=False)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="One object a row, for a program.")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the query, which psql runs as it is; asks nothing.")
def audit(question: str | None, values: tuple[str, ...], as_json: bool, as_csv: bool, as_sql: bool) -> None:
    """Ask a ready-made question; without QUESTION, list them.

    Reads only. What a question wants to know is given by name: user=JANSEN. A key of several columns is given by
    repeating the name: key=001 key=P0001.

    \b
    Examples:
      outbox audit backlog
      outbox audit access_of_user user=JANSEN
      outbox audit history_of_key target=visma_net resource=projects key=001 key=P0001 --csv
      outbox audit --sql removals | psql
    """
    if as_json + as_csv + as_sql > 1:
        raise click.UsageError("--json, --csv and --sql exclude each other")
    if question is None:
        _list(as_json, as_csv or as_sql)
        return
    found = _find(question)
    if as_sql:
        click.echo(found.sql, nl=False)
        return
    given = _read_values(found, values)
    with opened() as at:
        try:
            answer = ask(at.connection, found, given)
        except psycopg.DataError as e:
            raise click.UsageError(f"{found.name} cannot use that: {e.diag.message_primary}") from None
    _print(answer, as_json, as_csv)
    if not answer.rows:
        click.echo(nothing_found(found, given), err=True)


def _list(as_json: bool, other: bool) -> None:
    if other:
        raise click.UsageError("which QUESTION? outbox audit lists them")
    questions = read_questions().values()
    if as_json:
        print_json([{"name": q.name, "question": q.title, "parameters": dict(q.parameters)} for q in questions])
        return
    print_table(("name", "question, and what it wants"), [(q.name, f"{q.title} {_wants(q)}") for q in questions])


def _wants(question: Question) -> str:
    return " ".join(f"{name}=…" for name in question.parameters)


def _find(name: str) -> Question:
    questions = read_questions()
    if name not in questions:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(questions)}.", param_hint="'QUESTION'")
    return questions[name]


def _read_values(question: Question, values: Sequence[str]) -> dict[str, Given]:
    """A name that is repeated gives a list."""
    given: dict[str, Given] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or name not in question.parameters:
            raise click.UsageError(f"{question.name} does not know {value}; it wants {_wants(question) or 'nothing'}")
        if name in given and name != "key":
            raise click.UsageError(f"{name} is given more than once")
        before = given.get(name)
        given[name] = text if before is None else [*([before] if isinstance(before, str) else before), text]
    for name, known in (("target", TARGETS), ("resource", list(RESOURCES))):
        if name in given and given[name] not in known:
            raise click.UsageError(f"{name}: {given[name]!r} is not one of {', '.join(known)}")
    missing = list_missing(question, [name for name, value in given.items() if value])
    if missing:
        explained = "; ".join(f"{name} is {question.parameters[name]}" for name in missing)
        raise click.UsageError(f"{question.name} also wants {' '.join(f'{name}=…' for name in missing)} ({explained})")
    _check_key(given)
    return given


def _check_key(given: Mapping[str, Given]) -> None:
    """Of one that is not an array literal."""
    key, resource = given.get("key"), given.get("resource")
    if not isinstance(resource, str) or key is None or (isinstance(key, str) and key.startswith("{")):
        return
    columns, number = RESOURCES[resource].key, 1 if isinstance(key, str) else len(key)
    if number != len(columns):
        wants = count(len(columns), "value")
        raise click.UsageError(f"the key of {resource} is {', '.join(columns)}: {wants}, not {number}")


def _print(answer: Answer, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json([dict(zip(answer.columns, map(_jsonable, row), strict=True)) for row in answer.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([answer.columns, *answer.texts])
    elif answer.rows:
        print_table(answer.columns, [_cells(answer.columns, *p) for p in zip(answer.rows, answer.texts, strict=True)])


def _jsonable(value: object) -> object:
    """numeric has no place in JSON but as a number."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _cells(columns: Sequence[str], row: Sequence[object], texts: Sequence[str | None]) -> list[object]:
    """Numbers as numbers, which stand to the right; of times no more digits than a person reads."""
    return [
        value if isinstance(value, int | float) and not isinstance(value, bool) else _short(column, text or "")
        for column, value, text in zip(columns, row, texts, strict=True)
    ]


def _short(column: str, text: str) -> str:
    """A time to the second, or, where calls of one second follow each other, to the millisecond."""
    found = _TIME.fullmatch(text)
    if not found:
        return text
    second, fraction, offset = found.groups("")
    return f"{second}.{fraction:0<3.3}{offset}" if column in _TO_THE_MILLISECOND else second + offset
