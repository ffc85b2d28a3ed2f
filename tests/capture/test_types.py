"""Keys of every type: what is written names them as the view does, on every server."""

from __future__ import annotations

import pytest

from outbox.resources import RESOURCES
from tests.capture.covering import Connection
from tests.capture.following import check, define
from tests.capture.schemas import ICU_KINDS, KINDS, Kind

JOINS = {
    "cost_centres": "FROM {centres} JOIN {companies} ON {centres}.company = {companies}.code",
    "cost_types": "FROM {centres} JOIN (SELECT code AS company, code, name FROM {companies}) AS {companies}"
    " USING (company)",
}
MORE_JOINS = {
    "cost_centres": "FROM {centres}, {companies} WHERE {centres}.company IN (SELECT d.code FROM {companies} AS d)"
    " AND {centres}.company = {companies}.code",
    "cost_types": "FROM {companies} LEFT JOIN {centres} ON {centres}.company = {companies}.code",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_any_type(connection: Connection, kind: str) -> None:
    """Rows come, change to what only looks different, and go; the other side of the join is found by its equality."""
    define(connection, tables_of(KINDS[kind], keys=True), views(JOINS))
    assert_follows(connection, KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_any_type_in_a_table_without_a_key(connection: Connection, kind: str) -> None:
    """The same where rows can be told apart by what they hold only."""
    define(connection, tables_of(KINDS[kind], keys=False), views(MORE_JOINS))
    assert_follows(connection, KINDS[kind])


def test_a_join_on_jsonb(connection: Connection) -> None:
    """A message is JSON itself, in which the text of a JSON value is a string: every row is looked at."""
    tables = (
        "CREATE TABLE companies (code text, name text, j jsonb);"
        " CREATE TABLE centres (code text PRIMARY KEY, company jsonb)"
    )
    define(connection, tables, views({"cost_centres": "FROM companies JOIN centres ON centres.company = companies.j"}))
    assert check(
        connection,
        "INSERT INTO companies VALUES ('x', 'n', '{\"a\": 1}')",
        "INSERT INTO centres VALUES ('1', '{\"a\": 1.0}')",
        "UPDATE centres SET code = '2'",
        "DELETE FROM centres",
    )


@pytest.mark.parametrize("keys", [True, False], ids=["with a key", "without"])
@pytest.mark.parametrize("kind", ICU_KINDS)
def test_a_key_of_a_collation_that_is_blind_to_case(icu_connection: Connection, kind: str, keys: bool) -> None:
    """The same on a server that knows such collations."""
    define(icu_connection, tables_of(ICU_KINDS[kind], keys=keys), views(JOINS if keys else MORE_JOINS))
    assert_follows(icu_connection, ICU_KINDS[kind])


def tables_of(kind: Kind, *, keys: bool) -> str:
    one, two = (" PRIMARY KEY", ", PRIMARY KEY (company, code)") if keys else ("", "")
    a, b, *_ = kind.types
    tables = f"CREATE TABLE companies (code {a}{one}, name text); CREATE TABLE centres (company {b}, code {a}{two})"
    return f"{kind.first}; {tables}".replace("{schema}", "src")


def views(joins: dict[str, str], companies: str = "companies", centres: str = "centres") -> str:
    key = f"{companies}.code AS company_code, {centres}.code AS {{}}, {companies}.name AS description, true AS active"
    return ";".join(
        f"CREATE VIEW visma_net.{view} AS SELECT {key.format(RESOURCES[view].key[1])}"
        f" {join.format(companies=companies, centres=centres)}"
        for view, join in joins.items()
    )


def assert_follows(connection: Connection, kind: Kind) -> None:
    x, y = kind.values[:2]
    z = kind.values[2] if len(kind.values) > 2 else y
    done = check(
        connection,
        f"INSERT INTO centres VALUES ({x}, {x}), ({z}, {z}) ON CONFLICT DO NOTHING",
        f"INSERT INTO companies VALUES ({x}, 'first'), ({z}, 'last') ON CONFLICT DO NOTHING",
        f"UPDATE companies SET name = 'x' WHERE code = {x}",
        f"DELETE FROM companies WHERE code = {z}",
        f"UPDATE companies SET code = {y} WHERE code = {x}",
        "UPDATE companies SET name = 'y'",
        f"DELETE FROM centres WHERE code = {z}",
        f"UPDATE centres SET code = {y} WHERE code = {x}",
        f"UPDATE centres SET company = {y} WHERE code = {y}",
        f"INSERT INTO centres VALUES ({x}, {z}), ({z}, {x}), ({y}, {z}) ON CONFLICT DO NOTHING",
        "UPDATE companies SET name = NULL",
        f"DELETE FROM companies WHERE code = {y}",
        "DELETE FROM centres",
    )
    assert done
