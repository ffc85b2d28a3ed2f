"""outbox explain: one sentence that is true, and what it rests on."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Iterator

import psycopg
import pytest

from outbox import sandbox
from outbox.explain.facts import Facts
from tests.cli.conftest import Shell, write_settings
from tests.cli.shapes import misfits
from tests.conftest import Server, fill_reference
from tests.lane import register_everything

FEWER = "; ".join(f"DELETE FROM accountview.{table}" for table in ("cost_types", "cost_centres")) + (
    "; DELETE FROM accountview.projects WHERE code NOT IN ('P0001', 'P0099')"
)


@pytest.fixture
def registered(shell: Shell, site: psycopg.Connection) -> psycopg.Connection:
    """Everything is in the clouds; no relay runs."""
    site.execute(FEWER)
    assert shell("register", "--yes").code == 0
    return site


def fill_loaded(connection: psycopg.Connection) -> None:
    fill_reference(connection)
    connection.commit()
    connection.autocommit = True
    connection.execute(FEWER)
    with sandbox.running() as base_url:
        register_everything(connection, base_url)


@pytest.fixture
def loaded(shell: Shell, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """As `registered`, registered once for all tests: no cloud is asked here, and none need be named."""
    with server.cloned(server.template("loaded", fill_loaded)) as dsn:
        monkeypatch.setenv("OUTBOX_DSN", dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection


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
    assert "e-mail address sanne.jansen@example.nl" in result.out
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


def test_a_person_has_to_decide(shell: Shell, registered: psycopg.Connection) -> None:
    """And who wanted it, also where the relay made one message of many."""
    [line] = [x for x in shell("explain", "visma_net", "users", "BALIE2").out.splitlines() if " held: " in x]
    assert f", {getpass.getuser()}: ambiguous" in line
    said = first(shell, "visma_net", "users", "BALIE2")
    assert "BALIE2 is not in Visma.net: a person has to decide: ambiguous: user BALIE1 has this e-mail" in said


def stuck(connection: psycopg.Connection, status: str, **columns: object) -> None:
    """A message about a change of BAKKER's name that is held or dead."""
    connection.execute("UPDATE accountview.users SET first_name = 'Fa' WHERE code = 'BAKKER'")
    connection.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld, batch)"
        " VALUES ('visma_net', 'users', '{BAKKER}', 'UPDATE', %(status)s, now(), 'why', %(withheld)s, %(batch)s)",
        {"withheld": None, "batch": None, "status": status, **columns},
    )


@pytest.mark.parametrize(
    ("status", "withheld", "then"),
    [
        ("held", "update", "it waits, and no relay is running"),
        ("dead", None, "it waits, and no relay is running"),
        ("held", None, "put that right, it then goes on by itself"),
    ],
)
def test_the_next_step_can_be_run(
    shell: Shell, loaded: psycopg.Connection, status: str, withheld: str | None, then: str
) -> None:
    """The command that the answer ends with does what it says, word for word."""
    stuck(loaded, status, withheld=withheld)
    said = first(shell, "visma_net", "users", "BAKKER")
    for command in re.findall(r"outbox ((?:approve|retry) [\w ]+)", said):
        assert shell(*command.split()).code == 0
    assert then in first(shell, "visma_net", "users", "BAKKER")


def test_whose_account_it_is_can_be_said(shell: Shell, loaded: psycopg.Connection) -> None:
    """Where no approval helps, and a link would."""
    assert "or say which one it is: outbox link visma_net users BALIE2 --to ID" in first(
        shell, "visma_net", "users", "BALIE2"
    )


def test_who_is_gone_from_the_cloud_took_his_access_with_him(shell: Shell, loaded: psycopg.Connection) -> None:
    """The mirror keeps the rows until he is made again; nobody is told that he can still open anything."""
    loaded.execute("UPDATE outbox.mirror SET gone = true WHERE target = 'visma_net' AND key = '{BAKKER}'")
    assert first(shell, "visma_net", "users", "BAKKER").startswith("User BAKKER is not in Visma.net")
    access = first(shell, "visma_net", "company_access", "BAKKER", "001")
    assert access.startswith("Access of user BAKKER to company 001 is not in Visma.net: user BAKKER is not there")
    for question in ("access_of_user", "user=BAKKER"), ("users_of_company", "company=001"):
        rows = json.loads(shell("audit", *question, "--json").out)
        states = {r["target"]: r["state"] for r in rows if r.get("user_code", "BAKKER") == "BAKKER"}
        assert states == {"accountview_net": "granted", "visma_net": "the user is gone from the cloud"}


def test_what_a_brake_held_names_one_command(shell: Shell, loaded: psycopg.Connection) -> None:
    """That for the batch, which stands in the brake's own words."""
    stuck(loaded, "held", withheld="update", batch=17)
    assert "outbox approve" not in first(shell, "visma_net", "users", "BAKKER")


@pytest.mark.parametrize(("decision", "words"), [("reject", "rejected"), ("skip", "skipped")])
def test_who_said_no_is_told(shell: Shell, registered: psycopg.Connection, decision: str, words: str) -> None:
    """Who, when, why, and how it happens all the same; with the next register that is over."""
    stuck(registered, "held", withheld="update")
    shell(decision, "visma_net", "users", "BAKKER", "--reason", "a stage name")
    said = first(shell, "visma_net", "users", "BAKKER")
    assert re.search(
        rf"not as it should be: \w+ {words} it on [\d :-]+ \(a stage name\); after all: outbox register users"
        r" --target visma_net --key BAKKER$",
        said,
    )
    assert "(a stage name); alsnog: " in first(shell, "visma_net", "users", "BAKKER", "--lang", "nl")
    shell("register", "users", "--target", "visma_net", "--key", "BAKKER", "--yes")
    assert "as it should be, since" in first(shell, "visma_net", "users", "BAKKER")


def test_the_cloud_refused(shell: Shell, loaded: psycopg.Connection) -> None:
    """Its own words, in any language, without the call; that stands among the calls, and is not said twice there."""
    loaded.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, http_status, error)"
        " VALUES ('visma_net', 'users', '{VISSER}', 'UPDATE', 'dead', now(), 422,"
        " 'POST /users was answered 422: ERROR_INVALID_EMAIL')"
    )
    loaded.execute(
        "INSERT INTO outbox.attempt"
        " (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)"
        " SELECT id, target, resource, key, now(), 4, 'POST', '/users', http_status, error FROM outbox.message"
        " WHERE status = 'dead'"
    )
    loaded.execute("UPDATE accountview.users SET email = 'x@example.nl' WHERE code = 'VISSER'")
    refused = shell("explain", "visma_net", "users", "VISSER").out
    assert "the cloud refused it: ERROR_INVALID_EMAIL (422); put that right" in refused.splitlines()[0]
    assert "POST /users: 422 (ERROR_INVALID_EMAIL)\n" in refused
    assert "weigerde het: ERROR_INVALID_EMAIL (422)" in first(shell, "visma_net", "users", "VISSER", "--lang", "nl")


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
            ": the secret is wrong; put that right, then: outbox resume visma_net",
        ),
        (
            "SELECT outbox.pause('visma_net', 'companies', '001', 'being merged')",
            ": being merged; put that right, then: outbox resume visma_net companies --company 001",
        ),
        (
            "INSERT INTO outbox.message (target, resource, key, operation, error, due_at) VALUES"
            " ('visma_net', 'companies', '{001}', 'UPDATE', 'PUT /tenants/1 was answered 503 without words', now());"
            "UPDATE outbox.target SET down_since = now(), down_why = 'no route', probe_at = now() + interval '9 s';"
            "UPDATE outbox.lease SET holder = 'host/1', expires_at = now() + interval '1 min'",
            ": no route; nothing has to be done, it then goes on by itself",
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
    ids=["not noticed", "no relay", "a prefix", "paused", "part paused", "down", "tried", "in doubt"],
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
        "Company 001 is still in Visma.net: it is not in the view any more: its change was not noticed; register: "
    )
    loaded.execute("UPDATE accountview.users SET email = ' ' WHERE code = 'SMIT'")
    assert first(shell, "visma_net", "users", "SMIT") == (
        "User SMIT is still in Visma.net: the e-mail address is blank in AccountView: it is withdrawn, and removed"
        " when it is registered; register: "
        "outbox register users --target visma_net"
    )


def test_a_row_that_went(shell: Shell, registered: psycopg.Connection) -> None:
    """Of what is nowhere any more the last message tells."""
    registered.execute("DELETE FROM accountview.users WHERE code = 'SMIT'")
    shell("register", "users", "--yes", "--removals", "2")
    result = shell("explain", "visma_net", "users", "SMIT")
    assert "accountview.users has no row with code = SMIT" in result.out.splitlines()[0]
    assert re.search(r"Visma.net holds nothing of it; last looked at .*: removed", result.out)
    assert re.search(r"calls +.* DELETE /users/[\w-]+: 204", result.out)


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
        (("visma_net", "projects", "001"), "the key of projects is company code, project code: 2 values, not 1"),
        (("visma_net", "companies", "001", "x"), "the key of companies is company code: 1 value, not 2"),
        (("visma_net", "bedrijven", "001"), "'bedrijven' is not one of"),
    ],
)
def test_wrong_arguments(shell: Shell, site: psycopg.Connection, arguments: tuple[str, ...], words: str) -> None:
    result = shell("explain", *arguments)
    assert result.code == 2
    assert words in " ".join(result.err.split())


@pytest.mark.parametrize("key", ["x'; DROP TABLE outbox.message; --", "%s", "{}", 'quo"te', "\\", "%"])
def test_any_key(shell: Shell, site: psycopg.Connection, key: str) -> None:
    """A value is never taken for SQL."""
    said = first(shell, "visma_net", "companies", key)
    assert said == f"Company {key} is not in Visma.net: accountview.companies has no row with code = {key}"


def test_an_empty_value_is_no_key(shell: Shell, site: psycopg.Connection) -> None:
    """Of a script's variable without a value, from explain and register alike; nothing is asked or written."""
    for command in (("explain", "visma_net", "projects", "001", ""), ("register", "companies", "--yes", "--key", "")):
        result = shell(*command)
        assert (result.code, result.out) == (2, "")
        assert result.err.endswith("Error: a value of the key is empty\n")
        assert shell(*command, "--lang", "nl").err.endswith("Fout: een waarde van de sleutel is leeg\n")
    assert site.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)


def test_a_copied_database_says_so(shell: Shell, loaded: psycopg.Connection) -> None:
    """What waits in it waits for a person; and what it believes to be in the cloud is what the other one sent."""
    loaded.execute("UPDATE outbox.identity SET system_identifier = 1")
    line = "this outbox was restored or copied, and sends nothing from here"
    assert shell("explain", "visma_net", "users", "JANSEN").out.splitlines()[-2].strip() == f"{line}: outbox adopt"
    loaded.execute("UPDATE accountview.users SET first_name = 'Fa' WHERE code = 'BAKKER'")
    assert first(shell, "visma_net", "users", "BAKKER").endswith(
        f"not as it should be: {line}; outbox adopt, if the clouds are to follow this database from now on"
    )
    shown = json.loads(shell("explain", "visma_net", "users", "BAKKER", "--json").out)
    assert shown["facts"]["sending"]["home"] is False


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
