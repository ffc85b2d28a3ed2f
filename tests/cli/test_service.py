"""The relay as a service: a process that systemd, a load balancer and other relays meet."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import outbox
from tests.cli.conftest import end, started
from tests.cli.test_relay import enqueue, pending
from tests.invariants import Witness
from tests.lane import eventually
from tests.pooler import free_port

UNIT = Path(outbox.__file__).parent / "deploy" / "outbox-relay.service"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager that wants a sign of life every 0.9 s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "900000")
        yield heard


def _holders(site: psycopg.Connection) -> set[str]:
    return {h for (h,) in site.execute("SELECT holder FROM outbox.lanes WHERE holder IS NOT NULL").fetchall()}


@pytest.fixture
def witness(site: psycopg.Connection, clouds: str) -> Iterator[Witness]:
    with httpx.Client(base_url=clouds) as cloud:
        yield Witness(site, cloud)


def _arguments(*processes: subprocess.Popen[str]) -> str:
    return "".join(Path(f"/proc/{p.pid}/cmdline").read_text() for p in processes)


def _pid(process: subprocess.Popen[str]) -> str:
    return f"{socket.gethostname()}/{process.pid}-"


def test_systemd_is_told_when_it_is_ready_alive_and_stopping(site: psycopg.Connection, manager: socket.socket) -> None:
    """Type=notify: ready is said once it has lanes or stands by; the watchdog is fed again and again."""
    with started("relay") as process:
        assert manager.recv(1000) == b"READY=1"
        assert len(_holders(site)) == 2
        for _ in range(3):
            assert manager.recv(1000).startswith(b"WATCHDOG=1\nSTATUS=")
        process.send_signal(signal.SIGTERM)
        while not (told := manager.recv(1000)).startswith(b"STOPPING=1"):
            assert told.startswith(b"WATCHDOG=1")
        assert process.wait(120) == 0


def test_a_stopped_process_feeds_no_watchdog(site: psycopg.Connection, manager: socket.socket) -> None:
    """Then systemd starts it again, and a stand-by has taken over meanwhile."""
    with started("relay") as process:
        assert manager.recv(1000) == b"READY=1"
        process.send_signal(signal.SIGSTOP)
        eventually(lambda: Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
        manager.settimeout(0.0)
        with suppress(BlockingIOError):
            while manager.recv(1000):
                pass  # sent before it was stopped
        manager.settimeout(1.0)
        with pytest.raises(TimeoutError):
            manager.recv(1000)


def test_health_over_http(
    site: psycopg.Connection, port: int, monkeypatch: pytest.MonkeyPatch, witness: Witness
) -> None:
    """On loopback alone, and nobody's data; anything else than the three pages is 404, than GET and HEAD 405."""
    monkeypatch.setenv("OUTBOX_HTTP_PORT", str(port))
    monkeypatch.setenv("OUTBOX_STALLED_S", "1")
    url = f"http://127.0.0.1:{port}"

    def unready() -> list[str]:
        answer = httpx.get(f"{url}/readyz")
        return list(answer.json()["why"]) if answer.status_code == 503 else []

    with started("relay") as process:
        eventually(lambda: len(_holders(site)) == 2)
        assert httpx.get(f"{url}/livez").json() == {"ok": True, "why": []}
        eventually(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        assert 'outbox_lanes_held{target="visma_net"} 1.0' in httpx.get(f"{url}/metrics").text
        assert (httpx.get(url).status_code, httpx.post(f"{url}/livez").status_code) == (404, 405)
        assert httpx.head(f"{url}/readyz").content == b""
        with socket.create_connection(("127.0.0.1", port), 120) as endless:
            endless.sendall(b"GET / HTTP/1.1\r\nX: " + 9000 * b"x")
            assert endless.recv(1) == b""
        listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True).stdout if shutil.which("ss") else ""
        assert f"0.0.0.0:{port}" not in listening
        site.execute("UPDATE outbox.target SET active_since = now(), paused_at = now(), why = 'a person'")
        site.execute("SELECT outbox.register('visma_net', 'users')")
        eventually(lambda: unready() == ["visma_net: paused, and 1 wait"])
        assert httpx.get(f"{url}/livez").status_code == 200
        site.execute("ALTER VIEW outbox.health RENAME TO another")
        eventually(lambda: unready() == ["the database cannot be used"])
        site.execute("ALTER VIEW outbox.another RENAME TO health")
        with started("relay") as second:  # the port is taken: it goes on without
            eventually(lambda: len(site.execute("SELECT FROM outbox.relay").fetchall()) == 4)
            assert second.poll() is None
        site.execute("UPDATE outbox.target SET paused_at = NULL")
        enqueue(site, "visma_net")
        enqueue(site, "accountview_net")
        eventually(lambda: pending(site) == 0)
        said = httpx.get(f"{url}/metrics").text + httpx.get(f"{url}/readyz").text + _arguments(process)
        assert end(process) == 0
    witness.hold(said)


def test_an_idle_relay_costs_at_most_a_hundredth_of_a_core(site: psycopg.Connection) -> None:
    """With the settings as delivered, both targets asleep: the time that the system has counted for the process, of
    which a busy machine makes more now and then.
    """
    with started("relay") as process:
        eventually(lambda: len(_holders(site)) == 2)
        eventually(lambda: site.execute("SELECT count(*) FROM outbox.bell").fetchone() == (2,))
        time.sleep(2.0)
        assert any(_share_of_a_core(process.pid) <= 0.01 for _ in range(5))
        assert end(process) == 0


def _share_of_a_core(pid: int) -> float:
    """For longer than from one safety poll, of five seconds, to the next."""
    began, before = time.monotonic(), _cpu_s(pid)
    time.sleep(6.0)
    return (_cpu_s(pid) - before) / (time.monotonic() - began)


def _cpu_s(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def test_a_killed_relay_is_taken_over_within_the_lease(
    site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, witness: Witness
) -> None:
    """SIGKILL: nobody says goodbye. What it was sending is looked up, and nobody is invited twice."""
    monkeypatch.setenv("OUTBOX_LEASE_S", "6")
    for target in ("ACCOUNTVIEW_NET", "VISMA_NET"):
        monkeypatch.setenv(f"OUTBOX_{target}_DEADLINE_S", "3")
    monkeypatch.setenv("OUTBOX_USER_DOUBT_S", "4")
    monkeypatch.setenv("OUTBOX_DOUBT_S", "4")
    with started("relay") as first:
        eventually(lambda: len(_holders(site)) == 2)
        with started("relay", log_to=tmp_path / "log") as second:
            eventually(lambda: len(site.execute("SELECT FROM outbox.relay").fetchall()) == 4)
            assert all(h.startswith(_pid(first)) for h in _holders(site))
            enqueue(site)
            first.kill()
            eventually(lambda: all(h.startswith(_pid(second)) for h in _holders(site)) and _holders(site))
            eventually(lambda: pending(site) == 0)
            said = _arguments(second)
            assert end(second) == 0
    witness.hold(said + (tmp_path / "log").read_text(), killed=True)


def test_a_stopped_relay_is_taken_over_at_once(site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM: the lease, of an hour, is not waited for."""
    monkeypatch.setenv("OUTBOX_LEASE_S", "3600")
    with started("relay") as first:
        eventually(lambda: len(_holders(site)) == 2)
        with started("relay") as second:
            eventually(lambda: len(site.execute("SELECT FROM outbox.relay").fetchall()) == 4)
            assert end(first) == 0
            eventually(lambda: len(_holders(site)) == 2)
            assert end(second) == 0
    assert site.execute("SELECT count(*) FROM outbox.relay WHERE expires_at > now()").fetchone() == (0,)


def test_a_zombie_settles_nothing_and_what_it_did_is_looked_at(
    site: psycopg.Connection, clouds: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, witness: Witness
) -> None:
    """SIGSTOP beyond the lease in the middle of calls, then SIGCONT: what was on the wire may land, at most as many
    calls as go out at once, and not one more leaves. The cloud ends as the views say all the same; and though the rows
    change all the while, no other call for an older change of a key comes after one for a newer (I3).
    """
    monkeypatch.setenv("OUTBOX_LEASE_S", "6")  # a busy machine makes no zombies
    for target in ("ACCOUNTVIEW_NET", "VISMA_NET"):
        monkeypatch.setenv(f"OUTBOX_{target}_DEADLINE_S", "2")
        monkeypatch.setenv(f"OUTBOX_{target}_CONCURRENCY", "2")
    monkeypatch.setenv("OUTBOX_USER_DOUBT_S", "3")
    monkeypatch.setenv("OUTBOX_DOUBT_S", "3")
    monkeypatch.setenv("OUTBOX_BRAKE_NEW_USERS", "100")
    with started("relay", log_to=tmp_path / "zombie") as zombie:
        eventually(lambda: len(_holders(site)) == 2)
        enqueue(site)
        eventually(lambda: pending(site) == 0)
        httpx.post(f"{clouds}/sandbox/faults", json={"path": "/v1.0/users", "kind": "latency", "latency_ms": 200})
        _change(site, "Een")
        in_doubt = "SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL"
        eventually(lambda: (site.execute(in_doubt).fetchone() or (0,))[0] > 0)
        zombie.send_signal(signal.SIGSTOP)
        _change(site, "Twee")
        with started("relay") as successor:
            eventually(lambda: any(h.startswith(_pid(successor)) for h in _holders(site)))
            eventually(lambda: pending(site) == 0)
            _change(site, "Drie")
            continued_at = time.time()
            zombie.send_signal(signal.SIGCONT)
            _change(site, "Vier")
            eventually(lambda: "lane interrupted" in (tmp_path / "zombie").read_text())
            _change(site, "Vijf")
            httpx.delete(f"{clouds}/sandbox/faults")
            eventually(lambda: pending(site) == 0)
            assert end(zombie) == 0
            assert end(successor) == 0
    witness.hold((tmp_path / "zombie").read_text(), zombie=2)  # concurrency
    mails = [m["email"] for m in httpx.get(f"{clouds}/sandbox/invitations").json()]
    assert len(mails) == len(set(mails))
    assert site.execute("SELECT count(*) FROM outbox.attempt").fetchone() != (0,)
    began = _calls_before_it_noticed(tmp_path / "zombie", continued_at)
    assert len(began) <= 2  # concurrency
    assert [at for at in began if at > continued_at] == []


def test_the_clock_of_the_relays_machine_jumps(
    site: psycopg.Connection, clouds: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, witness: Witness
) -> None:
    """By an hour and back by two, each while a Retry-After counts: that is obeyed and ends as it should, no lease is
    lost, no token is over (there would be no other), and no call is cut off.
    """
    off_by = tmp_path / "off_by"
    off_by.write_text("0")
    monkeypatch.setenv("OFF_BY", str(off_by))
    monkeypatch.setenv("OUTBOX_VISMA_NET_CONCURRENCY", "1")
    monkeypatch.setenv("OUTBOX_BRAKE_NEW_USERS", "100")
    slow_down = {"path": "/v1.0/users", "kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 1}
    no_token = {"path": "/connect/token", "kind": "status", "status": 500}

    def told() -> list[int]:
        """Places in the list of calls."""
        return [n for n, c in enumerate(calls()) if c["status"] == 429]

    def calls() -> list[Any]:
        last = httpx.get(f"{clouds}/sandbox/requests?last=1000").json()["last"]
        return [c for c in last if "/v1.0/users" in c["path"]]

    with started("relay", log_to=tmp_path / "log", program="tests.cli.wall_clock") as relay:
        eventually(lambda: len(_holders(site)) == 2)
        enqueue(site)
        eventually(lambda: pending(site) == 0)
        httpx.post(f"{clouds}/sandbox/faults", json=no_token).raise_for_status()
        for n, jump in enumerate(("3600", "-3600"), start=1):
            httpx.post(f"{clouds}/sandbox/faults", json=slow_down).raise_for_status()
            _change(site, f"Na {jump}")
            eventually(lambda n=n: len(told()) == n)
            off_by.write_text(jump)
            eventually(lambda: pending(site) == 0)
        assert end(relay) == 0
    said = (tmp_path / "log").read_text()
    assert "interrupted" not in said
    assert all(calls()[n + 1]["at"] - calls()[n]["at"] >= 1 for n in told())
    assert {c["status"] for c in calls()} <= {200, 201, 204, 429}
    httpx.delete(f"{clouds}/sandbox/faults")
    witness.hold(said)


def _change(site: psycopg.Connection, state: str) -> None:
    """Nothing is captured on this database, so it is registered."""
    site.execute("UPDATE accountview.users SET last_name = %s WHERE last_name > ' '", [state])
    site.execute("SELECT outbox.register('visma_net', 'users')")


def _calls_before_it_noticed(log: Path, continued_at: float) -> list[float]:
    """When the calls began that a zombie ended after it had been continued, and before it knew that its lanes are
    another's: what it does later, with lanes of its own again, is no zombie's work.
    """
    began = []
    for line in map(json.loads, log.read_text().splitlines()):
        at = datetime.fromisoformat(line["at"]).timestamp()
        if line["what"] == "lane interrupted" and line["target"] == "visma_net":
            break
        if line["what"] == "attempt" and at >= continued_at:
            began.append(at - line["took_ms"] / 1000)
    return began


def test_every_log_line_of_an_attempt_names_its_target(site: psycopg.Connection) -> None:
    """With the message, the resource and the answer; the rest is in outbox.attempt."""
    enqueue(site)
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "outbox", "relay", "--once"], env=env, capture_output=True, text=True, timeout=300
    )
    attempts = [a for a in map(json.loads, done.stderr.splitlines()) if a["what"] == "attempt"]
    assert attempts
    assert {a["target"] for a in attempts} == {"visma_net"}
    assert all({"message_id", "resource", "method", "http_status", "took_ms"} <= set(a) for a in attempts)


def test_the_unit_is_hardened() -> None:
    """systemd's own judgement: at most 2.0 (1.2 when this was written)."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("not run: systemd-analyze is not on this machine")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)], capture_output=True, text=True
    )
    assert judged.returncode == 0, judged.stdout[-2000:] + judged.stderr
