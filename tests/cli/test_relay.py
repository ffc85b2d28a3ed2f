"""outbox relay: drains, ends well on a signal, and says what it left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import outbox
from tests.cli.conftest import Shell, end, on_a_terminal, started
from tests.cli.test_register import wait_for_lease


def enqueue(connection: psycopg.Connection, target: str = "visma_net") -> None:
    connection.execute("UPDATE outbox.target SET active_since = now() WHERE target = %s", [target])
    connection.execute("SELECT outbox.register(%s)", [target])


def pending(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM outbox.message WHERE status = 'pending'").fetchone()
    assert row
    return int(row[0])


def test_once_drains(shell: Shell, site: psycopg.Connection) -> None:
    enqueue(site)
    assert shell("relay", "--once").code == 0
    assert pending(site) == 0


def test_on_a_terminal_the_log_is_for_people(shell: Shell, site: psycopg.Connection) -> None:
    """A line for each call, without braces; `shell` has set where the clouds are."""
    enqueue(site)
    code, seen = on_a_terminal("relay", "--once")
    assert code == 0
    assert re.search(r"^\d\d:\d\d:\d\d attempt .*target=visma_net resource=\w+ method=POST http_status=201", seen, re.M)
    assert "{" not in seen


def test_once_with_nothing_to_do(shell: Shell, site: psycopg.Connection) -> None:
    for result in (shell("relay", "--once"), shell("relay", "--once")):
        assert (result.code, result.out) == (0, "")


def test_once_beside_a_relay_ends(shell: Shell, site: psycopg.Connection) -> None:
    """It does not wait until the other one ends, which may be never; and says whose work it is."""
    site.execute("UPDATE outbox.lease SET holder = 'elsewhere/7', expires_at = now() + interval '1 min'"
                 " WHERE target = 'visma_net'")  # fmt: skip
    enqueue(site)
    enqueue(site, "accountview_net")
    result = shell("relay", "--once")
    assert (result.code, "visma_net is left to the relay that is at work: elsewhere/7" in result.err) == (0, True)
    left = site.execute("SELECT DISTINCT target FROM outbox.message WHERE status = 'pending'").fetchall()
    assert left == [("visma_net",)]


def test_once_before_the_first_register(shell: Shell, site: psycopg.Connection) -> None:
    """Nothing is sent; it says why."""
    site.execute("SELECT outbox.register('visma_net', 'users')")
    result = shell("relay", "--once")
    assert result.code == 0
    assert "visma_net waits for its first register, and with it 1 message" in result.err
    assert pending(site) == 1


def test_once_with_the_cloud_gone(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """69, and the reason, also where a part is paused besides; the messages stay."""
    monkeypatch.setenv("OUTBOX_VISMA_NET_TOKEN_URL", "http://127.0.0.1:1/token")
    monkeypatch.setenv("OUTBOX_BRAKE_NEW_USERS", "1000")
    shell("pause", "visma_net", "companies", "--reason", "x")
    enqueue(site)
    result = shell("relay", "--once")
    assert result.code == 69
    assert re.search(r"to be tried again later: (not sent: .*)?no token for visma_net: ", result.err)
    assert pending(site) > 0


def test_once_with_a_wrong_secret(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOX_VISMA_NET_CLIENT_SECRET", "wr0ng")
    enqueue(site)
    result = shell("relay", "--once")
    assert result.code == 77
    assert "Visma.net is paused" in result.err


def test_no_view_at_all(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("DROP SCHEMA visma_net, accountview_net CASCADE")
    result = shell("relay", "--once")
    assert result.code == 73
    assert "there is no desired view" in result.err


def test_log_is_json_without_personal_data(site: psycopg.Connection) -> None:
    """One line per attempt, with the id of its message; no name and no e-mail in the whole of it."""
    enqueue(site)
    command = [sys.executable, "-m", "outbox", "relay", "--once"]
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1])}
    err = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300).stderr
    attempts = [line for line in map(json.loads, err.splitlines()) if line["what"] == "attempt"]
    recorded = site.execute("SELECT message_id FROM outbox.attempt").fetchall()
    assert sorted(a["message_id"] for a in attempts) == sorted(i for (i,) in recorded)
    people = site.execute("SELECT unnest(ARRAY[last_name, email]) FROM accountview.users WHERE email <> ''").fetchall()
    assert not [p for (p,) in people if p.strip() and p in err]
    assert "sandbox-secret" not in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signal_ends_it_well(site: psycopg.Connection, number: int, code: int) -> None:
    """The lease is handed back, and nothing is left in doubt."""
    with started("relay") as process:
        wait_for_lease(site)
        enqueue(site)
        assert end(process, number) == code
    assert site.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() == (0,)
    assert site.execute("SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL").fetchone() == (0,)
