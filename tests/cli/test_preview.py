"""What a dry run says is what then happens: the same numbers, row by row, mail by mail, call by call."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import psycopg
import pytest

from outbox.resources import RESOURCES
from tests.cli.conftest import Shell

USER = "INSERT INTO accountview.users (code, first_name, last_name, email) VALUES ('{}', 'Nieuw', '{}', '{}')"
TWICE = (
    "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT '001'::text AS company_code, '4000'::text AS cost_type_code,"
    " 'Lonen'::text AS description, true AS active, NULL::text[] AS missing FROM generate_series(1, 2)"
)

# Each moves up to the code of the next; JANSEN is free then, and whoever SMIT was is {}.
RENUMBERED = (
    "UPDATE accountview.users SET {} WHERE code = 'SMIT';"
    " UPDATE accountview.users SET code = 'SMIT' WHERE code = 'MULDER';"
    " UPDATE accountview.users SET code = 'MULDER' WHERE code = 'JANSEN'"
)

# What is changed after everything was registered, without a trigger that would tell.
CHANGES = {
    "nothing": "SELECT",
    "names and descriptions": "UPDATE accountview.users SET first_name = 'Anders' WHERE code IN ('JANSEN', 'BERG');"
    "UPDATE accountview.projects SET description = 'Dak' WHERE code IN ('P0001', 'P0002')",
    "a new user": USER.format("NIEUW", "Nu", "nieuw@example.nl"),
    "another user code": "UPDATE accountview.users SET code = 'JANSEN2' WHERE code = 'JANSEN'",
    "another user code and another name": "UPDATE accountview.users SET code = 'S', first_name = 'S'"
    " WHERE code = 'SMIT'",
    "another user code, and another wants the e-mail": "UPDATE accountview.users SET code = 'ZZ' WHERE code = 'SMIT';"
    " UPDATE accountview.users SET email = 'anouk.smit@example.nl' WHERE code = 'MULDER'",
    "users are renumbered": RENUMBERED.format("code = 'ZZ'"),
    "users are renumbered and the last is another": RENUMBERED.format("code = 'ZZ', email = 'zz@example.nl'"),
    "users are renumbered and one is renamed": RENUMBERED.format("code = 'ZZ', last_name = 'Smits'"),
    "users are renumbered and get other rights": RENUMBERED.format("code = 'ZZ'")
    + "; DELETE FROM accountview.group_members WHERE user_code = 'MULDER';"
    " DELETE FROM accountview.administration_access WHERE user_code = 'MULDER'",
    "an e-mail that somebody has": USER.format("NIEUW", "Nu", "anouk.smit@example.nl"),
    "two new users with one e-mail": USER.format("NIEUW1", "Een", "n@example.nl")
    + ";"
    + USER.format("NIEUW2", "Twee", "N@example.nl"),
    "an e-mail that is given up": "UPDATE accountview.users SET email = 'anouk@example.nl' WHERE code = 'SMIT';"
    + USER.format("NIEUW", "Nu", "anouk.smit@example.nl"),
    "an exchange of e-mails": "UPDATE accountview.users SET email = CASE code WHEN 'SMIT' THEN 'bram.mulder@example.nl'"
    " ELSE 'anouk.smit@example.nl' END WHERE code IN ('SMIT', 'MULDER')",
    "a user is known to be gone from the cloud": "UPDATE outbox.mirror AS m SET gone = m.resource = 'users',"
    " remote_id = replace(m.remote_id, u.remote_id, 'none'), parents = array_replace(m.parents, u.remote_id, 'none')"
    " FROM outbox.mirror AS u"
    " WHERE (u.target, u.resource, u.key) = (m.target, 'users', '{SMIT}') AND m.key[1] = 'SMIT';"
    " UPDATE accountview.app_access SET roles = '{reader}' WHERE app_code = 'REPORTING'",
    "perhaps another person": "UPDATE accountview.users SET first_name = 'Jan', last_name = 'Klaassen',"
    " email = 'jan@example.nl' WHERE code = 'SMIT'",
    "one new e-mail for three, and the e-mail of one who is held": "UPDATE accountview.users SET email = 'f@example.nl'"
    " WHERE code IN ('BERG', 'JANSEN', 'MULDER');"
    " UPDATE accountview.users SET first_name = 'Jan', last_name = 'Klaassen' WHERE code = 'BERG';"
    " UPDATE accountview.users SET first_name = 'Jan', last_name = 'Klaassen', email = 'jan@example.nl'"
    " WHERE code = 'SMIT';" + USER.format("NIEUW", "Nu", "anouk.smit@example.nl"),
    "another user code without a name, and an e-mail in capitals": "UPDATE accountview.users SET code = 'ZZ',"
    " last_name = '' WHERE code = 'SMIT'; UPDATE accountview.users SET email = upper(email), first_name = 'B',"
    " last_name = 'M' WHERE code = 'MULDER'",
    "a user code that a new one without an e-mail takes over, with the groups": "UPDATE accountview.users"
    " SET code = 'ZZ' WHERE code = 'SMIT';"
    + USER.format("SMIT", "Nu", "")
    + "; UPDATE accountview.users SET email = NULL WHERE code = 'SMIT';"
    " UPDATE accountview.group_members SET user_code = 'SMIT' WHERE user_code = 'ZZ'",
    "a cleared e-mail": "UPDATE accountview.users SET email = NULL WHERE code = 'SMIT'",
    "a cleared name": "UPDATE accountview.users SET last_name = '' WHERE code = 'SMIT'",
    "a user who leaves": "DELETE FROM accountview.users WHERE code = 'SMIT'",
    "a company that goes": "DELETE FROM accountview.companies WHERE code = '002'",
    "a company that comes": "UPDATE accountview.companies SET kvk_number = '90009000' WHERE code = '003'",
    "a right less": "DELETE FROM accountview.administration_access WHERE administration_code = 'A200'",
    "a key that is there twice": TWICE,
}


# Less of what has no story, so that a test takes a moment only.
FEWER = (
    "; ".join(
        f"DELETE FROM accountview.{table} WHERE code > (SELECT min(code) FROM accountview.{table})"
        for table in ("cost_types", "cost_centres")
    )
    + "; DELETE FROM accountview.projects WHERE code NOT IN ('P0001', 'P0002', 'P0099', 'P0100')"
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_previewed_is_what_happens(shell: Shell, site: psycopg.Connection, clouds: str, change: str) -> None:
    """For each resource: rows created, updated, removed, unchanged, not ready and held; and the invitations."""
    site.execute(FEWER)
    assert shell("register", "--yes").code == 0
    mails = len(httpx.get(f"{clouds}/sandbox/invitations").json())
    site.execute(CHANGES[change])
    shown = json.loads(shell("register", "--dry-run", "--json").out)
    removals = ["--removals", str(shown["removals"])]
    done = json.loads(shell("register", "--yes", *removals, "--json").out)
    for p in shown["previews"]:
        became = counted(done, p["target"], p["resource"])
        assert became == expected(p), f"{p['target']} {p['resource']}: {became}"
    assert len(httpx.get(f"{clouds}/sandbox/invitations").json()) - mails == shown["invitations"]


def counted(done: dict[str, Any], target: str, resource: str) -> dict[str, int]:
    """By outcome; what was sent may stand in a row that waited for a parent first."""
    rows = [r for r in done["rows"] if (r["target"], r["resource"]) == (target, resource)]
    return dict(Counter(r["became"] for r in rows))


def expected(preview: dict[str, Any]) -> dict[str, int]:
    names = {"created": "creates", "updated": "updates", "removed": "removals"}
    columns = {name: names.get(name, name) for name in (*names, "unchanged", "not_ready", "held")}
    return {name: preview[column] for name, column in columns.items() if preview[column]}


def test_the_first_load(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Of an empty cloud; a user who shares an e-mail is no invitation."""
    shown = json.loads(shell("register", "--dry-run", "--json").out)
    done = json.loads(shell("register", "--yes", "--json").out)
    for p in shown["previews"]:
        assert counted(done, p["target"], p["resource"]) == expected(p)
    assert shown["invitations"] == len(httpx.get(f"{clouds}/sandbox/invitations").json()) == 22


@pytest.mark.parametrize("target", ["accountview_net", "visma_net"])
def test_calls_are_counted(
    shell: Shell, site: psycopg.Connection, clouds: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as then come in, beside the reads of a first contact. Not of apps: two at once may both put the same app
    on a company.
    """
    monkeypatch.setenv("OUTBOX_APPS_EVERY_S", "0")  # the relay pulls the list of apps at its start
    site.execute(FEWER)
    site.execute("DELETE FROM accountview.app_access")
    shown = json.loads(shell("register", "--target", target, "--dry-run", "--json").out)
    shell("register", "--target", target, "--dry-run", "--compare-remote")
    reads = httpx.get(f"{clouds}/sandbox/requests").json()["total"]
    shell("register", "--target", target, "--yes")
    assert httpx.get(f"{clouds}/sandbox/requests").json()["total"] - 2 * reads == shown["calls"]
    assert shown["seconds"] > 0


def test_many_values_are_one_call(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """All cost types of a company; of the two companies that are there."""
    shell("register", "--yes")
    site.execute("UPDATE accountview.cost_types SET description = description || '!'")
    shown = json.loads(shell("register", "cost_types", "--dry-run", "--json").out)
    assert (shown["previews"][0]["updates"], shown["calls"]) == (100, 2)


def test_what_is_not_registered_is_not_counted(shell: Shell, site: psycopg.Connection) -> None:
    """One company: that one, and none of the rest."""
    shown = json.loads(shell("register", "companies", "--key", "001", "--dry-run", "--json").out)
    assert [(p["target"], p["resource"], p["creates"]) for p in shown["previews"]] == [
        ("accountview_net", "companies", 1),
        ("visma_net", "companies", 1),
    ]


def test_every_resource_has_its_price() -> None:
    """A new resource has to say what its calls are."""
    from outbox.register.estimate import Work, calls

    assert all(calls(Work(name, 1, 0, 0, 0, 1, 1)) >= 1 for name in RESOURCES)
