"""outbox register: preview, agreement, the load itself, and what it says at the end."""

from __future__ import annotations

import json
import signal
import time
import urllib.request

import psycopg
import pytest

from outbox.cli import following
from outbox.sandbox.compare import differences
from tests.cli.conftest import Shell, end, started, write_settings


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM outbox.{table}").fetchone()
    assert row
    return int(row[0])


def get(url: str) -> object:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def test_dry_run_counts_and_writes_nothing(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Rows per resource, invitations; no message, no decision, no call, and the target stays inactive."""
    result = shell("register", "--dry-run")
    assert result.code == 0
    lines = {tuple(line.split()[:2]): line.split()[2:] for line in result.out.splitlines() if "_net" in line}
    assert lines[("accountview_net", "users")] == ["12", "0", "0", "2", "0"]
    assert lines[("visma_net", "companies")] == ["2", "0", "0", "1", "0"]
    assert lines[("visma_net", "projects")] == ["198", "0", "0", "102", "0"]
    assert "24 new users will get an invitation mail" in result.out
    assert (count(site, "message"), count(site, "decision")) == (0, 0)
    assert site.execute("SELECT count(active_since) FROM outbox.target").fetchone() == (0,)
    assert get(f"{clouds}/sandbox/requests")["total"] == 0  # type: ignore[index]


def test_first_load_makes_clouds_equal_to_views(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Without a relay at work the command is one; what needs a person or a parent is told."""
    result = shell("register", "--yes")
    assert result.code == 0, result.err
    assert "481 created" in result.out
    assert "visma_net users BALIE2: held (ambiguous: user BALIE1 has this e-mail" in result.out
    assert "users STAGE: not ready (missing: last_name)" in result.out
    assert differences(site, get(f"{clouds}/sandbox/state")) == []  # type: ignore[arg-type]
    assert site.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() == (0,)


def test_second_run_creates_nothing(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """It may be run again: nobody is invited twice."""
    shell("register", "--yes")
    mails = get(f"{clouds}/sandbox/invitations")
    result = shell("register", "--yes")
    assert result.code == 0
    assert "created" not in result.out.partition("mail")[2]
    assert get(f"{clouds}/sandbox/invitations") == mails


def test_one_key(shell: Shell, site: psycopg.Connection) -> None:
    """Only that row is looked at, previewed and reported."""
    shell("register", "--yes")
    site.execute("UPDATE accountview.projects SET description = 'Ander dak' WHERE code = 'P0001'")
    result = shell("register", "projects", "--key", "001", "--key", "P0001", "--yes")
    assert result.code == 0
    assert result.out.splitlines()[1].split() == ["visma_net", "projects", "0", "1", "0", "0", "0"]
    assert result.out.splitlines()[-1] == "1 updated"


def test_one_target(shell: Shell, site: psycopg.Connection) -> None:
    """The other stays inactive."""
    assert shell("register", "--target", "visma_net", "--yes").code == 0
    active = site.execute("SELECT target FROM outbox.target WHERE active_since IS NOT NULL").fetchall()
    assert active == [("visma_net",)]


def test_a_relay_at_work_is_left_to_it(shell: Shell, site: psycopg.Connection) -> None:
    """register enqueues and follows; the epoch of the lease shows that nobody else took it."""
    with started("relay") as process:
        wait_for_lease(site)
        assert shell("register", "--yes").code == 0
        assert site.execute("SELECT DISTINCT epoch FROM outbox.lease").fetchall() == [(1,)]
        assert end(process) == 0


def test_a_relay_that_does_not_move(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one holds the lease and does nothing: register gives up following, and says so."""
    monkeypatch.setattr(following, "STALLED_AFTER_S", 0.5)
    site.execute("UPDATE outbox.lease SET holder = 'elsewhere', expires_at = now() + interval '1 min'")
    result = shell("register", "users", "--yes")
    assert result.code == 69
    assert "2 messages are still pending, and nothing moves" in result.err


def wait_for_lease(connection: psycopg.Connection) -> None:
    until = time.monotonic() + 15
    while connection.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() != (2,):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_interrupted(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Ctrl-C: what is in flight ends, the lease is given back, and another run goes on where this one stopped."""
    slow = json.dumps({"path": "", "kind": "latency", "latency_ms": 300}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{clouds}/sandbox/faults", slow, method="POST")).close()
    with started("register", "--yes") as process:
        wait_for_lease(site)
        assert end(process, signal.SIGINT) == 130
    assert site.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() == (0,)
    assert site.execute("SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL").fetchone() == (0,)
    urllib.request.urlopen(urllib.request.Request(f"{clouds}/sandbox/faults", method="DELETE")).close()
    assert shell("register", "--yes").code == 0
    assert differences(site, get(f"{clouds}/sandbox/state")) == []  # type: ignore[arg-type]


def test_nobody_to_ask(shell: Shell, site: psycopg.Connection) -> None:
    """Without a terminal and without --yes it refuses, and has written nothing."""
    result = shell("register")
    assert result.code == 2
    assert "say --yes" in result.err
    assert count(site, "message") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gebruikers",), "'gebruikers' is not one of"),
        (("--target", "exact_online"), "'exact_online' is not one of"),
        (("--key", "001"), "--key needs exactly one RESOURCE"),
        (("companies", "--key", "001", "--key", "x"), "the key of companies is company_code"),
    ],
)
def test_wrong_arguments(shell: Shell, site: psycopg.Connection, arguments: tuple[str, ...], words: str) -> None:
    result = shell("register", "--yes", *arguments)
    assert result.code == 2
    assert words in result.err
    assert count(site, "message") == 0


def test_target_without_views(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("DROP SCHEMA visma_net CASCADE")
    result = shell("register", "--target", "visma_net", "--yes")
    assert result.code == 73
    assert "there is no desired view for visma_net" in result.err
    assert shell("register", "projects", "--yes").code == 73


def test_target_without_client(shell: Shell, site: psycopg.Connection) -> None:
    """Found before anything is written."""
    write_settings("")
    result = shell("register", "--yes")
    assert result.code == 78
    assert "client_id" in result.err
    assert count(site, "message") == 0


def test_wrong_secret(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """77 at once: the target pauses, everything waits, the secret is not shown; resume goes on. Before the first
    register nothing has begun, so nothing pauses.
    """
    monkeypatch.setenv("OUTBOX_VISMA_NET_CLIENT_SECRET", "wr0ng")
    result = shell("register", "--target", "visma_net", "--yes")
    assert (result.code, count(site, "message")) == (77, 0)
    assert "check client_id and client_secret" in result.err
    site.execute("UPDATE outbox.target SET active_since = now()")
    result = shell("register", "--target", "visma_net", "--yes")
    assert result.code == 77
    assert "check client_id and client_secret" in result.err
    assert "try: put that right, then: outbox resume visma_net" in result.err
    assert "wr0ng" not in result.err
    assert "paused" in shell("status").out
    monkeypatch.delenv("OUTBOX_VISMA_NET_CLIENT_SECRET")
    assert shell("resume", "visma_net").out == "visma_net is sent to again\n"
    assert shell("resume", "visma_net").out == "visma_net is not paused: nothing to do\n"
    site.execute("UPDATE outbox.message SET due_at = NULL WHERE status = 'pending'")
    assert shell("relay", "--once").code == 0
    assert shell("status").out.count("pending") == 1
