"""outbox explain: one sentence that is true, and what it rests on."""

from __future__ import annotations

import json
import re

import psycopg
import pytest

from outbox.explain.facts import Facts
from tests.cli.conftest import Shell, write_settings
from tests.cli.shapes import misfits

FEWER = "; ".join(f"DELETE FROM accountview.{table}" for table in ("cost_types", "cost_centres")) + (
    "; DELETE FROM accountview.projects WHERE code NOT IN ('P0001', 'P0099')"
)


@pytest.fixture
def loaded(shell: Shell, site: psycopg.Connection) -> psycopg.Connection:
    """Everything registered; no relay runs."""
    site.execute(FEWER)
    assert shell("register", "--yes").code == 0
    return site


def first(shell: Shell, *arguments: str) -> str:
    result = shell("explain", *arguments)
    assert result.code == 0, result.err
    return result.out.splitlines()[0]


def test_what_is_missing(shell: Shell, loaded: psycopg.Connection) -> None:
    """What is blank, in words, and that nothing else has to be done."""
    loaded.execute("UPDATE accountview.administrations SET city = NULL WHERE code = 'A300'")
    assert first(shell, "visma_net", "companies", "003") == (
        "Company 003 is not in Visma.net: the KVK number and the city are blank in AccountView; fill them in, it then "
        "follows by itself"
    )
    assert first(shell, "visma_net", "companies", "003", "--lang", "nl") == (
        "Onderneming 003 staat niet in Visma.net: het KVK-nummer en de plaats zijn niet ingevuld in AccountView; vul "
        "deze in, daarna volgt het vanzelf"
    )


def test_all_is_well(shell: Shell, loaded: psycopg.Connection) -> None:
    """Since when; below it the row, what the cloud holds, and the calls with their answers."""
    result = shell("explain", "visma_net", "users", "JANSEN")
    assert re.match(r"User JANSEN is in Visma.net as it should be, since \d{4}-\d\d-\d\d \d\d:\d\d\n", result.out)
    assert "email sanne.jansen@example.nl" in result.out
    assert "POST /users: 201" in result.out
    assert "no relay is running" in result.out


def test_a_frozen_row(shell: Shell, loaded: psycopg.Connection) -> None:
    """In the cloud as it was sent; a licence that lapsed is no blank."""
    loaded.execute("DELETE FROM accountview.licence_modules WHERE module = 'PROJECTS'")
    said = first(shell, "visma_net", "projects", "001", "P0001")
    assert re.fullmatch(
        r"Project P0001 of company 001 stays in Visma.net as it was sent on .*: the licence lacks PROJECTS; with the "
        r"licence it follows by itself",
        said,
    )


def test_a_parent_is_missing(shell: Shell, loaded: psycopg.Connection) -> None:
    """The parent's own reason is the reason."""
    assert first(shell, "visma_net", "projects", "003", "P0001") == (
        "Project P0001 of company 003 is not in Visma.net: company 003 is not there: the KVK number is blank in "
        "AccountView; fill it in, it then follows by itself"
    )


def test_a_person_has_to_decide(shell: Shell, loaded: psycopg.Connection) -> None:
    said = first(shell, "visma_net", "users", "BALIE2")
    assert "BALIE2 is not in Visma.net: a person has to decide: ambiguous: user BALIE1 has this e-mail" in said


def test_the_cloud_refused(shell: Shell, loaded: psycopg.Connection) -> None:
    """Its own words, in any language."""
    loaded.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, http_status, error)"
        " VALUES ('visma_net', 'users', '{VISSER}', 'UPDATE', 'dead', now(), 422,"
        " 'POST /users was answered 422: ERROR_INVALID_EMAIL')"
    )
    loaded.execute("UPDATE accountview.users SET email = 'x@example.nl' WHERE code = 'VISSER'")
    assert "the cloud refused it: POST /users was answered 422: ERROR_INVALID_EMAIL; put that right" in first(
        shell, "visma_net", "users", "VISSER"
    )
    assert "kreeg antwoord 422: ERROR_INVALID_EMAIL" in first(shell, "visma_net", "users", "VISSER", "--lang", "nl")


def test_before_the_first_register(shell: Shell, site: psycopg.Connection) -> None:
    assert first(shell, "visma_net", "companies", "001") == (
        "Company 001 is not in Visma.net: Visma.net waits for its first register; register: outbox register --target "
        "visma_net"
    )


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ("SELECT", "its change was not noticed; register: outbox register companies --target visma_net --key 001"),
        (
            "INSERT INTO outbox.message (target, resource, key, operation)"
            " VALUES ('visma_net', 'companies', '{001}', 'UPDATE')",
            "it waits, and no relay is running; start one: outbox relay",
        ),
        (
            "INSERT INTO outbox.message (target, resource, key, operation)"
            " VALUES ('visma_net', 'companies', '{}', 'DRIFT')",
            "it waits, and no relay is running; start one: outbox relay",
        ),
        (
            "UPDATE outbox.target SET paused_at = now(), why = 'the secret is wrong'",
            "Visma.net is paused: the secret is wrong; put that right, then: outbox resume visma_net",
        ),
        (
            "INSERT INTO outbox.message (target, resource, key, operation, error, due_at) VALUES"
            " ('visma_net', 'companies', '{001}', 'UPDATE', 'PUT /tenants/1 was answered 503 without words', now());"
            "UPDATE outbox.lease SET holder = 'host/1', expires_at = now() + interval '1 min'",
            "the last attempt failed: PUT /tenants/1 was answered 503 without words; next attempt: ",
        ),
        (
            "UPDATE outbox.mirror SET in_doubt = now(), intent = 'update' WHERE key = '{001}'",
            "a call got no answer; register: ",
        ),
    ],
    ids=["not noticed", "no relay", "a prefix", "paused", "tried", "in doubt"],
)
def test_on_the_way(shell: Shell, loaded: psycopg.Connection, done: str, words: str) -> None:
    """Nothing is the matter with the row: what holds it up, and what to do."""
    loaded.execute("UPDATE accountview.companies SET name = 'Anders B.V.' WHERE code = '001'")
    loaded.execute(done)
    assert words in first(shell, "visma_net", "companies", "001")


def test_a_row_that_goes(shell: Shell, loaded: psycopg.Connection) -> None:
    """Gone from the view, or withdrawn."""
    loaded.execute("DELETE FROM accountview.companies WHERE code = '001'")
    assert first(shell, "visma_net", "companies", "001").startswith(
        "Company 001 is still in Visma.net: it is not in the view any more; register: "
    )
    loaded.execute("UPDATE accountview.users SET email = ' ' WHERE code = 'SMIT'")
    assert first(shell, "visma_net", "users", "SMIT") == (
        "User SMIT is still in Visma.net: it is withdrawn, and removed when it is registered; register: "
        "outbox register users --target visma_net"
    )


def test_a_row_that_went(shell: Shell, loaded: psycopg.Connection) -> None:
    """Of what is nowhere any more the last message tells."""
    loaded.execute("DELETE FROM accountview.users WHERE code = 'SMIT'")
    shell("register", "users", "--yes", "--removals", "2")
    result = shell("explain", "visma_net", "users", "SMIT")
    assert "accountview.users has no row with code = SMIT" in result.out.splitlines()[0]
    assert re.search(r"Visma.net holds nothing of it; last looked at .*: removed", result.out)


def test_a_key_twice(shell: Shell, site: psycopg.Connection) -> None:
    site.execute(
        "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT '001'::text AS company_code, '4000'::text AS"
        " cost_type_code, 'x'::text AS description, true AS active, NULL::text[] AS missing FROM generate_series(1, 2)"
    )
    assert "the view has this key 2 times" in first(shell, "visma_net", "cost_types", "001", "4000")


def test_a_broken_view(shell: Shell, site: psycopg.Connection) -> None:
    """It is said, with PostgreSQL's words; the mirror and the messages are shown all the same."""
    site.execute(
        "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT '001'::text AS company_code, '4000'::text AS"
        " cost_type_code, (1 / (n - 1))::text AS description, true AS active, NULL::text[] AS missing"
        " FROM generate_series(1, 1) AS n"
    )
    said = first(shell, "visma_net", "cost_types", "001", "4000")
    assert "the view visma_net.cost_types cannot be read: division by zero" in said


def test_no_view(shell: Shell, site: psycopg.Connection) -> None:
    said = first(shell, "accountview_net", "projects", "001", "P1")
    assert said == "Project P1 of company 001 is not in AccountView.Net: there is no view accountview_net.projects"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("visma_net", "projects", "001"), "the key of projects is company_code, project_code: 2 values, not 1"),
        (("visma_net", "companies", "001", "x"), "the key of companies is company_code: 1 values, not 2"),
        (("visma_net", "companies"), "Missing argument 'KEY...'"),
        (("visma_net", "bedrijven", "001"), "'bedrijven' is not one of"),
        (("exact", "companies", "001"), "'exact' is not one of"),
    ],
)
def test_wrong_arguments(shell: Shell, site: psycopg.Connection, arguments: tuple[str, ...], words: str) -> None:
    result = shell("explain", *arguments)
    assert result.code == 2
    assert words in " ".join(result.err.split())


@pytest.mark.parametrize("key", ["", "x'; DROP TABLE outbox.message; --", "%s", "{}", 'quo"te', "\\", "%"])
def test_any_key(shell: Shell, site: psycopg.Connection, key: str) -> None:
    """A value is never taken for SQL."""
    said = first(shell, "visma_net", "companies", key)
    assert said == f"Company {key} is not in Visma.net: accountview.companies has no row with code = {key}"


def test_it_reads_only(shell: Shell, loaded: psycopg.Connection) -> None:
    """Nothing named like a question ever writes."""
    tables = ("message", "mirror", "decision", "attempt", "lease", "target")
    query = " UNION ALL ".join(
        f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM outbox.{n} AS t" for n in tables
    )
    before = loaded.execute(query).fetchall()
    for arguments in (("users", "JANSEN"), ("users", "NIEMAND"), ("company_access", "MULDER", "002")):
        shell("explain", "visma_net", *arguments)
    assert loaded.execute(query).fetchall() == before


def test_without_settings_of_the_cloud(shell: Shell, site: psycopg.Connection) -> None:
    """No cloud is asked, so none need be named."""
    write_settings("")
    assert "Company 001 is not in Visma.net" in first(shell, "visma_net", "companies", "001")


def test_json(shell: Shell, loaded: psycopg.Connection) -> None:
    shown = json.loads(shell("explain", "visma_net", "companies", "003", "--json").out)
    assert shown["answer"].startswith("Company 003 is not in Visma.net: the KVK number is blank")
    assert shown["next"] == "fill it in, it then follows by itself"
    assert shown["facts"]["row"]["missing"] == ["kvk_number"]
    assert shown["facts"]["mirrored"] is None
    for arguments in (("users", "JANSEN"), ("company_access", "MULDER", "002"), ("users", "BALIE2")):
        shown = json.loads(shell("explain", "visma_net", *arguments, "--json").out)
        assert misfits(shown["facts"], Facts) == []
