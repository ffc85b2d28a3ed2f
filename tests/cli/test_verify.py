"""outbox verify, link, unlink, apps and the first contact, as a person at the shell meets them."""

from __future__ import annotations

import getpass
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import click
import httpx
import psycopg
import pytest

from outbox import install
from outbox.cli.meeting import _held
from outbox.cli.verify import _line
from outbox.targets import listing
from outbox.targets.held import Held
from outbox.verify.findings import Finding
from outbox.words import Words
from tests.cli.conftest import Shell
from tests.conftest import Server, fill_reference
from tests.hands import Hands
from tests.lane import forget_recheck

SMALL = """
    DELETE FROM accountview.app_access; DELETE FROM accountview.administration_access;
    DELETE FROM accountview.users; DELETE FROM accountview.companies; DELETE FROM accountview.projects;
    DELETE FROM accountview.cost_types; DELETE FROM accountview.cost_centres;
    INSERT INTO accountview.users (code, first_name, last_name, email) VALUES
        ('ANN', 'Ann', 'Aa', 'ann@example.nl'), ('BOB', 'Bob', 'Bakker', 'bob@example.nl');
    INSERT INTO accountview.companies VALUES ('001', 'De Molen', '12345678', NULL);
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FIRST_WAIT_S", 0.01)


def _fill(connection: psycopg.Connection) -> None:
    fill_reference(connection)
    connection.execute(SMALL)
    connection.commit()
    connection.autocommit = True
    install.apply(connection, install.plan(connection))
    forget_recheck(connection)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    with server.cloned(server.template("small", _fill)) as dsn:
        yield dsn


@pytest.fixture
def small(site: psycopg.Connection) -> psycopg.Connection:
    """Two users and a company; capture installed, nothing registered."""
    return site


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(verify=False) as made:
        yield made


@pytest.fixture
def hands(clouds: str, client: httpx.Client) -> Hands:
    return Hands(client, clouds, "accountview_net")


@pytest.fixture
def loaded(shell: Shell, small: psycopg.Connection) -> psycopg.Connection:
    result = shell("register", "--target", "accountview_net", "--yes")
    assert result.code == 0, result.err
    return small


def remote_id(connection: psycopg.Connection, resource: str, key: str) -> str:
    row = connection.execute(
        "SELECT remote_id FROM outbox.mirror WHERE resource = %s AND key = ARRAY[%s]", [resource, key]
    ).fetchone()
    assert row
    return str(row[0])


# -- verify ------------------------------------------------------------------------------------------------------


def test_equal_is_0(shell: Shell, loaded: psycopg.Connection) -> None:
    """One line for each resource; only the target that is active."""
    result = shell("verify")
    assert result.code == 0, result.err
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[1] == ["accountview_net", "users", "2", "0", "0", "0", "equal"]
    assert len(lines) == 5


def test_differences_are_1_are_named_and_set_back(shell: Shell, loaded: psycopg.Connection, hands: Hands) -> None:
    """What is different, what nobody here made; --repair says how many messages, and who has to send them."""
    hands.identity("PUT", f"/users/{remote_id(loaded, 'users', 'ANN')}", {"last_name": "Anders"})
    stranger = hands.user("hand@example.nl")
    result = shell("verify", "accountview_net", "users")
    assert result.code == 1
    assert "accountview_net users ANN: last_name is different there" in result.out
    assert f"hand@example.nl ({stranger}): is in the cloud, and nobody here made it" in result.out
    result = shell("verify", "users", "--repair")
    assert result.code == 1
    assert "accountview_net users: 1 message to set that back" in result.out
    assert "no relay is at work: outbox relay --once" in result.out
    assert shell("relay", "--once").code == 0
    assert shell("verify", "users").code == 0


def test_a_resource_without_a_view(shell: Shell, loaded: psycopg.Connection) -> None:
    """Not an empty table, and not equal."""
    result = shell("verify", "accountview_net", "projects")
    assert (result.code, result.out) == (73, "")
    assert "there is nothing to compare: there is no view accountview_net.projects" in result.err
    result = shell("register", "projects", "--target", "accountview_net", "--dry-run")
    assert (result.code, result.out) == (73, "")
    assert "there is no desired view for accountview_net.projects" in result.err


def test_unknown_is_3(shell: Shell, loaded: psycopg.Connection, clouds: str, hands: Hands) -> None:
    """Also beside differences: what could not be read may hide more."""
    hands.identity("PUT", f"/users/{remote_id(loaded, 'users', 'ANN')}", {"last_name": "Anders"})
    httpx.post(f"{clouds}/sandbox/faults", json={"kind": "html", "method": "GET", "path": "/tenants$"})
    result = shell("verify")
    assert result.code == 3
    assert "accountview_net companies is unknown: GET /tenants was answered" in result.out
    assert ["accountview_net", "companies", "-", "-", "-", "-", "unknown"] in [
        x.split() for x in result.out.splitlines()
    ]


def test_a_name_in_a_cloud_cannot_steer_the_terminal() -> None:
    unmanaged = Finding("users", "unmanaged", None, "u-1", "\x1b[2JANN", "nobody here made it")
    assert _line("visma_net", unmanaged) == "  visma_net users  [2JANN (u-1): nobody here made it"
    assert _held(Held("u-1", "\x1b[2JANN", {}), Words()) == " [2JANN (u-1)"


def test_verify_as_json(shell: Shell, loaded: psycopg.Connection, hands: Hands) -> None:
    """Counts and every object."""
    stranger = hands.tenant("Handwerk")
    result = shell("verify", "companies", "--json")
    (verified,) = json.loads(result.out)["verified"]
    assert (verified["result"], verified["listed"], verified["unmanaged"]) == ("equal", 2, 1)
    assert verified["findings"] == [
        {
            "kind": "unmanaged",
            "key": None,
            "remote_id": stranger,
            "name": "Handwerk",
            "what": "is in the cloud, and nobody here made it",
            "set_back": False,
        }
    ]


def test_a_long_list_is_cut(shell: Shell, loaded: psycopg.Connection, hands: Hands) -> None:
    """--all shows the rest."""
    for number in range(23):
        hands.user(f"u{number}@example.nl")
    assert "and 3 more unmanaged: --all" in shell("verify", "users").out
    assert "more" not in shell("verify", "users", "--all").out


def test_before_the_first_register(shell: Shell, small: psycopg.Connection) -> None:
    """Nothing to compare: said, not guessed."""
    result = shell("verify")
    assert (result.code, "outbox register" in result.err) == (73, True)
    result = shell("verify", "visma_net")
    assert result.code == 3
    assert "visma_net waits for its first register" in result.out


# -- link and unlink -----------------------------------------------------------------------------------------------


def test_link_and_what_follows(shell: Shell, loaded: psycopg.Connection, hands: Hands, clouds: str) -> None:
    """The account moves to the row; the decision has the reason; the relay does the rest."""
    hands.identity("DELETE", f"/users/{remote_id(loaded, 'users', 'ANN')}")
    account = hands.user("married@example.nl")
    result = shell("link", "accountview_net", "users", "ANN", "--to", account, "--reason", "married")
    assert result.code == 0, result.err
    assert f"users ANN is {account} (married@example.nl) in accountview_net from now on" in result.out
    assert "waits for a relay: outbox relay --once" in result.out
    assert shell("relay", "--once").code == 0
    assert remote_id(loaded, "users", "ANN") == account
    assert shell("verify", "users").code == 0
    decision = loaded.execute("SELECT decision, key, why FROM outbox.decision WHERE decision = 'link'").fetchone()
    assert decision == ("link", ["ANN"], "married")


def test_link_refuses_in_a_sentence(shell: Shell, loaded: psycopg.Connection, hands: Hands, clouds: str) -> None:
    """Nothing there, somebody else's, no such key, no id at all, a resource without ids of its own; and a cloud that
    does not answer.
    """
    bob = remote_id(loaded, "users", "BOB")
    free = hands.user("free@example.nl")

    def refused(*arguments: str) -> tuple[int, str]:
        result = shell("link", "accountview_net", *arguments)
        return result.code, result.err

    assert refused("users", "ANN", "--to", "nothing") == (
        65, "outbox: accountview_net has no nothing among its users\n  try: outbox verify lists what it has\n"
    )  # fmt: skip
    assert "is linked to users BOB already" in refused("users", "ANN", "--to", bob)[1]
    assert "has no row NIEMAND" in refused("users", "NIEMAND", "--to", free)[1]
    assert "the key of users is user_code; 2 values" in refused("users", "ANN", "X", "--to", free)[1]
    assert "'../x' is no remote id" in refused("users", "ANN", "--to", "../x")[1]
    assert "link the user or the company" in refused("company_access", "ANN", "001", "--to", free)[1]
    httpx.post(f"{clouds}/sandbox/faults", json={"kind": "status", "status": 500, "method": "GET", "path": "/users/"})
    assert refused("users", "ANN", "--to", free)[0] == 69


def test_unlink_asks(shell: Shell, loaded: psycopg.Connection, hands: Hands) -> None:
    """Without a terminal it says so; with --yes the account goes and a new one is invited."""
    before = remote_id(loaded, "users", "ANN")
    result = shell("unlink", "accountview_net", "users", "ANN")
    assert (result.code, "say --yes" in result.err) == (2, True)
    assert remote_id(loaded, "users", "ANN") == before
    assert shell("unlink", "accountview_net", "users", "ANN", "--yes").code == 0
    decided = loaded.execute("SELECT decided_by FROM outbox.decision WHERE decision = 'unlink'").fetchall()
    assert decided == [(getpass.getuser(),)], "the person at the desk, not the role that all of them share"
    assert shell("relay", "--once").code == 0
    assert remote_id(loaded, "users", "ANN") != before


# -- apps ----------------------------------------------------------------------------------------------------------


def test_apps(shell: Shell, small: psycopg.Connection) -> None:
    """None yet; pulled; listed; nothing changed."""
    assert shell("apps").out == "none yet: outbox apps pull\n"
    assert shell("apps", "pull").out == "accountview_net offers 5 apps: 5 new\n"
    assert shell("apps", "pull").out == "accountview_net offers 5 apps: nothing changed\n"
    assert "Bankkoppeling" in shell("apps").out
    listed = json.loads(shell("apps", "--json").out)["apps"]
    assert {a["app_code"] for a in listed} == {"WORKFLOW", "SCAN", "REPORTING", "BANKLINK", "FISCAL"}
    assert json.loads(shell("apps", "pull", "--json").out)["listed"] == 5


def test_an_empty_catalogue_changes_nothing(shell: Shell, small: psycopg.Connection, clouds: str) -> None:
    """69, and a sentence."""
    shell("apps", "pull")
    body = {"applications": [], "total_pages": 1}
    fault = {"kind": "status", "status": 200, "body": body, "path": "/applications$"}
    httpx.post(f"{clouds}/sandbox/faults", json=fault).raise_for_status()
    result = shell("apps", "pull")
    assert (result.code, "lists no app at all" in result.err) == (69, True)
    assert len(json.loads(shell("apps", "--json").out)["apps"]) == 5


# -- the first contact -----------------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(hands: Hands) -> dict[str, str]:
    """What somebody typed into the cloud before there was an outbox."""
    return {
        "ann": hands.user("ann@example.nl"),
        "bob": hands.user("b.bakker@elders.example.nl", "Bob", "Bakker"),
        "molen": hands.tenant("De Molen", organization_number="12345678"),
        "other": hands.tenant("Iets anders"),
    }


def register(shell: Shell, *arguments: str) -> Any:
    return shell("register", "--target", "accountview_net", *arguments)


def mails(clouds: str) -> list[str]:
    return [m["email"] for m in httpx.get(f"{clouds}/sandbox/invitations").json()]


def test_nothing_is_made_beside_without_a_yes(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], clouds: str
) -> None:
    """--yes alone is none: refused with the list, before anything is written."""
    before = mails(clouds)
    result = register(shell, "--yes")
    assert result.code == 2
    assert "say --matches link, or --matches beside" in result.err
    assert "1 row will be linked to what is there already" in result.out
    assert f"user b.bakker@elders.example.nl ({by_hand['bob']}) has the name of BOB" in result.out
    assert f"company De Molen ({by_hand['molen']}) has the KVK number of 001" in result.out
    assert f"company Iets anders ({by_hand['other']})" in result.out
    assert small.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)
    assert small.execute("SELECT count(active_since) FROM outbox.target").fetchone() == (0,)
    assert mails(clouds) == before


def test_matches_are_linked(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], clouds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets a mail; the decisions say who and why."""
    monkeypatch.setenv("PGOPTIONS", "-c outbox.actor=beheerder")
    before = mails(clouds)
    result = register(shell, "--yes", "--matches", "link")
    assert result.code == 0, result.err
    assert [remote_id(small, "users", k) for k in ("ANN", "BOB")] == [by_hand["ann"], by_hand["bob"]]
    assert remote_id(small, "companies", "001") == by_hand["molen"]
    assert mails(clouds) == before
    query = "SELECT DISTINCT decided_by FROM outbox.decision WHERE decision = 'link'"
    assert small.execute(query).fetchall() == [("beheerder",)]
    assert shell("verify").code == 0


def test_what_hangs_on_a_link_follows(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], hands: Hands
) -> None:
    """Also where only users and companies were registered: a parent that is linked has come, as one that is made."""
    small.execute("SET session_replication_role = replica")  # it was so before there was a trigger
    small.execute("UPDATE accountview.companies SET administration_code = 'A100' WHERE code = '001'")
    small.execute(
        "INSERT INTO accountview.administration_access (administration_code, user_code) VALUES ('A100', 'ANN')"
    )
    result = register(shell, "users", "companies", "--yes", "--matches", "link")
    assert ["accountview_net", "company_access", "ANN 001", "created"] in [
        re.split(r"\s{2,}", line) for line in result.out.splitlines()
    ]
    assert shell("verify").code == 0


def test_new_ones_are_made_beside(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], clouds: str
) -> None:
    """What has only the name or the number in common stays as it is."""
    assert register(shell, "--yes", "--matches", "beside").code == 0
    assert remote_id(small, "users", "ANN") == by_hand["ann"]
    assert remote_id(small, "companies", "001") != by_hand["molen"]
    assert mails(clouds)[-1] == "bob@example.nl"


def test_each_is_asked_for(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person at the terminal says yes to the company and no to the user."""
    asked: list[str] = []

    def prompt(question: str, **rest: Any) -> str:
        asked.append(question)
        return "each" if "about each" in question else "yes" if "KVK" in question else ""

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", prompt)
    assert register(shell, "--yes").code == 0
    assert len(asked) == 3
    assert remote_id(small, "companies", "001") == by_hand["molen"]
    assert remote_id(small, "users", "BOB") != by_hand["bob"]


def test_what_cannot_be_linked_is_refused(shell: Shell, small: psycopg.Connection, hands: Hands) -> None:
    """Two of the same number: a person has to say which, or that it is neither."""
    for name in ("Een", "Twee"):
        hands.tenant(name, organization_number="12345678")
    result = register(shell, "--yes", "--matches", "link")
    assert result.code == 65
    assert "has the KVK number of 001; that cannot be linked without a person" in result.err
    assert small.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)
    assert register(shell, "--yes", "--matches", "beside").code == 0


def test_a_cloud_that_does_not_answer_gets_nothing(shell: Shell, small: psycopg.Connection, clouds: str) -> None:
    """Nobody knows beside what things would be made."""
    httpx.post(f"{clouds}/sandbox/faults", json={"kind": "html", "method": "GET", "path": "/users$"})
    result = register(shell, "--yes")
    assert (result.code, "does not show what it holds" in result.err) == (69, True)
    assert small.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)


def test_compare_remote_reads_only(
    shell: Shell, small: psycopg.Connection, by_hand: dict[str, str], clouds: str
) -> None:
    """A dry run calls nothing; with --compare-remote it reads, and writes nothing."""

    def methods() -> set[str]:
        last = httpx.get(f"{clouds}/sandbox/requests", params={"last": 1000}).json()["last"]
        return {r["method"] for r in last[4:]}

    assert "may be ours" not in register(shell, "--dry-run").out
    assert methods() == set()
    assert "2 things that may be ours" in register(shell, "--dry-run", "--compare-remote").out
    assert methods() == {"GET"}
    assert small.execute("SELECT count(*) FROM outbox.decision").fetchone() == (0,)


def test_force(shell: Shell, loaded: psycopg.Connection, hands: Hands, clouds: str) -> None:
    """Everything is sent again; nobody is invited."""
    before = mails(clouds)
    hands.identity("PUT", f"/users/{remote_id(loaded, 'users', 'ANN')}", {"last_name": "Anders"})
    assert register(shell, "--yes").code == 0
    assert shell("verify", "users").code == 1
    result = register(shell, "users", "--yes", "--force")
    assert result.code == 0, result.err
    assert shell("verify", "users").code == 0
    assert mails(clouds) == before
