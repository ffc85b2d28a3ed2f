"""outbox pause and resume: nothing is sent, it is written down who and why, and nothing is lost."""

from __future__ import annotations

import getpass
import json
import re
import time

import psycopg
import pytest

from tests.cli.conftest import Shell, end, started
from tests.cli.test_register import wait_for_lease
from tests.cli.test_relay import enqueue
from tests.lane import eventually

DECISIONS = "SELECT decision, target, resource, key, why FROM outbox.decision WHERE decision <> 'register' ORDER BY id"


@pytest.fixture(autouse=True)
def unbraked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference tables have more users than a brake lets through unseen."""
    monkeypatch.setenv("OUTBOX_BRAKE_NEW_USERS", "1000")


def created(connection: psycopg.Connection, resource: str, target: str = "visma_net") -> int:
    query = "SELECT count(*) FROM outbox.mirror WHERE target = %s AND resource = %s AND remote_id IS NOT NULL"
    row = connection.execute(query, [target, resource]).fetchone()
    assert row
    return int(row[0])


def test_a_paused_target_is_sent_nothing_until_it_is_resumed(shell: Shell, site: psycopg.Connection) -> None:
    """Who, when and why are kept; status says it, with what ends it."""
    enqueue(site)
    assert shell("pause", "visma_net", "--reason", "maintenance").out == "visma_net paused\n"
    assert shell("relay", "--once").code == 77
    assert created(site, "users") == 0
    shown = shell("status").out
    assert "visma_net        paused since" in shown
    assert "next: paused: Visma.net (maintenance); when that is put right: outbox resume visma_net" in shown
    assert shell("resume", "visma_net", "--reason", "done").out == "visma_net resumed\n"
    assert shell("relay", "--once").code == 0
    assert created(site, "users") > 0
    assert site.execute(DECISIONS).fetchall() == [
        ("pause", "visma_net", None, None, "maintenance"),
        ("resume", "visma_net", None, None, "done"),
    ]
    who = "SELECT DISTINCT decided_by FROM outbox.decision WHERE decision IN ('pause', 'resume')"
    assert site.execute(who).fetchall() == [(getpass.getuser(),)]


def test_a_paused_resource_waits_and_the_others_go_on(shell: Shell, site: psycopg.Connection) -> None:
    """Its messages stay, say why, and are due at once after resume."""
    shell("pause", "visma_net", "projects", "--reason", "being renumbered")
    enqueue(site)
    result = shell("relay", "--once")
    assert result.code == 77
    assert re.search(r"outbox: projects of Visma.net is paused, \d+ messages pending: being renumbered\n"
                     r"  try: put that right, then: outbox resume visma_net projects\n", result.err)  # fmt: skip
    assert created(site, "projects") == 0
    assert created(site, "users") > 0
    why = "SELECT DISTINCT error FROM outbox.message WHERE status = 'pending'"
    assert site.execute(why).fetchall() == [("paused: projects (being renumbered)",)]
    shown = shell("status").out
    assert "projects of Visma.net paused since" in shown
    assert "outbox resume visma_net projects" in shown
    shell("resume", "visma_net", "projects")
    assert shell("relay", "--once").code == 0
    assert created(site, "projects") > 0


def test_a_register_does_not_wait_for_what_is_paused(shell: Shell, site: psycopg.Connection) -> None:
    """It ends when all else is done, and says what ends the pause."""
    shell("pause", "visma_net", "companies", "--company", "001", "--reason", "x")
    since = time.monotonic()
    result = shell("register", "companies", "--target", "visma_net", "--yes")
    assert time.monotonic() - since < 120.0  # as long as nothing may move
    assert (result.code, "created, 1 not ready, 1 pending" in result.out.splitlines()[-1]) == (77, True)
    assert result.err.endswith("  try: put that right, then: outbox resume visma_net companies --company 001\n")


def test_a_paused_company_waits_with_all_that_has_it_in_its_key(shell: Shell, site: psycopg.Connection) -> None:
    """Also who may open it; users and other companies go on."""
    shell("pause", "visma_net", "--company", "001", "--reason", "being merged")
    enqueue(site)
    shell("relay", "--once")
    with_001 = "SELECT count(*) FROM outbox.mirror WHERE target = 'visma_net' AND '001' = ANY (key)"
    assert site.execute(with_001).fetchone() == (0,)
    assert created(site, "companies") > 0
    shell("resume", "visma_net", "--company", "001")
    assert shell("relay", "--once").code == 0
    row = site.execute(with_001).fetchone()
    assert row
    assert row[0] > 3


def test_one_resource_of_one_company(shell: Shell, site: psycopg.Connection) -> None:
    """The narrowest; --company alone ends it, too."""
    shell("pause", "visma_net", "cost_types", "--company", "001", "--reason", "x")
    assert shell("resume", "visma_net").out == "visma_net not paused: nothing to do\n"
    assert shell("resume", "visma_net", "--company", "002").out == (
        "company 002 of visma_net not paused: nothing to do\n"
    )
    assert shell("resume", "visma_net", "--company", "001").out == "company 001 of visma_net resumed\n"
    assert site.execute("SELECT count(*) FROM outbox.pause").fetchone() == (0,)


def test_all_targets_and_json(shell: Shell, site: psycopg.Connection) -> None:
    """Without a target: all of them; a second pause changes nothing and is no decision."""
    first = json.loads(shell("pause", "--reason", "x", "--json").out)
    assert first == [
        {"target": t, "resource": None, "company": None, "changed": True} for t in ("accountview_net", "visma_net")
    ]
    assert [r["changed"] for r in json.loads(shell("pause", "--reason", "y", "--json").out)] == [False, False]
    assert [r["changed"] for r in json.loads(shell("resume", "--json").out)] == [True, True]
    assert len(site.execute(DECISIONS).fetchall()) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pause", "visma_net", "--reason", " "), "--reason is empty"),
        (("pause", "visma_net", "users", "--company", "001", "--reason", "x"), "a user belongs to no company"),
        (("pause", "visma_net", "projects", "--company", "", "--reason", "x"), "--company is empty"),
        (("resume", "visma_net", "--company", " "), "--company is empty"),
        (("resume", "visma_net", "invoices"), "'invoices' is not one of"),
    ],
)
def test_wrong_input(shell: Shell, site: psycopg.Connection, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, a sentence, and nothing is written."""
    result = shell(*arguments)
    assert (result.code, words in result.err) == (2, True)
    assert site.execute("SELECT count(*) FROM outbox.decision").fetchone() == (0,)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("'visma_net', NULL, ''", "the company is empty"),
        ("'visma_net', 'projects', ' '", "the company is empty"),
        ("'visma_net', ''", "there is no resource"),
        ("'visma_net', 'project'", "there is no resource project"),
        ("'visma', 'projects'", "there is no target visma"),
        ("'visma_net', 'users', '001'", "a user belongs to no company"),
    ],
)
def test_wrong_input_from_sql(site: psycopg.Connection, part: str, words: str) -> None:
    """A variable without a value pauses and resumes nothing, least of all more than was meant."""
    site.execute("SELECT outbox.pause('visma_net', 'projects', reason => 'x')")
    for function in ("pause", "resume"):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=words):
            site.execute(f"SELECT outbox.{function}({part}, reason => 'y')".encode())
    assert site.execute("SELECT resource, company, why FROM outbox.pause").fetchall() == [("projects", "", "x")]


def test_what_nobody_knows(shell: Shell, site: psycopg.Connection) -> None:
    """A slip of the finger would pause nothing, and be thought to have."""
    result = shell("pause", "accountview_net", "projects", "--reason", "x")
    assert (result.code, result.out) == (66, "")
    assert "there is no desired view accountview_net.projects" in result.err
    result = shell("pause", "visma_net", "--company", "01", "--reason", "x")
    assert (result.code, result.out) == (66, "")
    assert "company 01 is in no view and in no cloud" in result.err
    assert site.execute("SELECT count(*) FROM outbox.decision").fetchone() == (0,)


def test_a_relay_at_work_notices_within_a_second_and_sends_again_after_resume(
    shell: Shell, site: psycopg.Connection
) -> None:
    """Pause, change, nothing leaves; resume, it leaves. A waiting relay does not look the same message up again and
    again.
    """
    with started("relay") as process:
        wait_for_lease(site)
        enqueue(site)
        _wait(site, "SELECT count(*) = 0 FROM outbox.message WHERE status = 'pending' AND target = 'visma_net'")
        shell("pause", "visma_net", "projects", "--reason", "x")
        time.sleep(1.1)
        site.execute("UPDATE accountview.projects SET description = 'Anders'")
        some = "SELECT target, resource, key, 'UPDATE' FROM outbox.mirror WHERE resource = 'projects' LIMIT 1"
        site.execute(f"INSERT INTO outbox.message (target, resource, key, operation) {some}".encode())
        site.execute("SELECT outbox.ring()")
        _wait(site, "SELECT count(*) = 1 FROM outbox.message WHERE error = 'paused: projects (x)'")
        versions = "SELECT xmin::text FROM outbox.message WHERE error = 'paused: projects (x)'"
        before = site.execute(versions).fetchall()
        time.sleep(0.5)
        assert site.execute(versions).fetchall() == before
        shell("resume", "visma_net", "projects")
        _wait(site, "SELECT count(*) = 0 FROM outbox.message WHERE status = 'pending' AND target = 'visma_net'")
        assert end(process) == 0


def _wait(connection: psycopg.Connection, query: str) -> None:
    eventually(lambda: connection.execute(query.encode()).fetchone() == (True,))


def test_a_company_without_a_licence_is_paused_by_itself_and_resumed_by_a_person(
    shell: Shell, site: psycopg.Connection, clouds: str
) -> None:
    """12027: what needs the licence waits; status says which company, why, and what to do."""
    import httpx

    shell("pause", "visma_net", "projects", "--reason", "first the companies")
    enqueue(site)
    shell("relay", "--once")
    row = site.execute("SELECT remote_id FROM outbox.mirror WHERE target = 'visma_net' AND key = '{001}'"
                       " AND resource = 'companies'").fetchone()  # fmt: skip
    assert row
    httpx.post(f"{clouds}/sandbox/settings", json={"unlicensed": [row[0]]}).raise_for_status()
    shell("resume", "visma_net", "projects")
    shell("relay", "--once")
    paused = site.execute("SELECT resource, why FROM outbox.pause WHERE company = '001' ORDER BY 1").fetchall()
    assert [r for r, _ in paused] == ["cost_centres", "cost_types", "projects"]
    assert "company 001 has no licence in the ERP" in paused[0][1]
    assert "projects of company 001 of Visma.net paused since" in shell("status").out
    httpx.post(f"{clouds}/sandbox/settings", json={"unlicensed": []}).raise_for_status()
    assert shell("resume", "visma_net", "--company", "001").out == "company 001 of visma_net resumed\n"
    assert shell("relay", "--once").code == 0
    assert site.execute("SELECT count(*) FROM outbox.message WHERE status = 'pending'"
                        " AND target = 'visma_net'").fetchone() == (0,)  # fmt: skip
