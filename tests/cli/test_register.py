"""outbox register: preview, agreement, the load itself, and what it says at the end."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections import Counter
from pathlib import Path

import httpx
import psycopg
import pytest

from outbox.cli import following
from outbox.register.preview import Forecast
from outbox.register.request import follow
from tests.cli.conftest import Shell, end, started, write_settings
from tests.cli.shapes import misfits
from tests.lane import differences, eventually


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM outbox.{table}").fetchone()
    assert row
    return int(row[0])


def test_dry_run_counts_and_writes_nothing(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Rows per resource, invitations; no message, no decision, no call, and the target stays inactive."""
    result = shell("register", "--dry-run")
    assert result.code == 0
    lines = {tuple(line.split()[:2]): line.split()[2:] for line in result.out.splitlines() if "_net" in line}
    assert lines[("accountview_net", "users")] == ["11", "0", "0", "2", "1", "0"]
    assert lines[("visma_net", "companies")] == ["2", "0", "0", "1", "0", "0"]
    assert lines[("visma_net", "projects")] == ["198", "0", "0", "102", "0", "0"]
    assert "22 new users will get an invitation mail" in result.out
    assert (count(site, "message"), count(site, "decision")) == (0, 0)
    assert site.execute("SELECT count(active_since) FROM outbox.target").fetchone() == (0,)
    assert httpx.get(f"{clouds}/sandbox/requests").json()["total"] == 0


def test_first_load_makes_clouds_equal_to_views(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Without a relay at work the command is one; what needs a person or a parent is told."""
    result = shell("register", "--yes")
    assert result.code == 0, result.err
    assert "481 created" in result.out
    rows = [line.split(maxsplit=4) for line in result.out.splitlines()]
    assert ["visma_net", "users", "BALIE2", "held", "ambiguous: user BALIE1 has this e-mail in the cloud"] in rows
    assert ["visma_net", "users", "STAGE", "not", "ready  missing: last name"] in rows
    assert differences(site, httpx.get(f"{clouds}/sandbox/state").json()) == []
    assert site.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() == (0,)


def test_second_run_creates_nothing(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """It may be run again: nobody is invited twice."""
    shell("register", "--yes")
    mails = httpx.get(f"{clouds}/sandbox/invitations").json()
    result = shell("register", "--yes")
    assert result.code == 0
    assert "created" not in result.out.partition("mail")[2]
    assert httpx.get(f"{clouds}/sandbox/invitations").json() == mails
    kept: Counter[str] = Counter()
    for row in json.loads(shell("audit", "last_register", "--json").out):
        kept[row["became"].replace("_", " ")] += row["keys"]
    assert result.out.splitlines()[-1] == ", ".join(f"{kept[b]} {b}" for b in ("unchanged", "not ready", "held"))


def test_one_key(shell: Shell, site: psycopg.Connection) -> None:
    """Only that row is looked at, previewed and reported."""
    shell("register", "--yes")
    site.execute("UPDATE accountview.projects SET description = 'Ander dak' WHERE code = 'P0001'")
    result = shell("register", "projects", "--key", "001", "--key", "P0001", "--yes")
    assert result.code == 0
    assert result.out.splitlines()[1].split() == ["visma_net", "projects", "0", "1", "0", "0", "0", "0"]
    assert result.out.splitlines()[-2].split() == ["visma_net", "projects", "001", "P0001", "updated"]
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
    assert "still pending: 2 messages, and nothing moves" in result.err


def wait_for_lease(connection: psycopg.Connection) -> None:
    query = "SELECT count(*) FROM outbox.lease WHERE expires_at > now()"
    eventually(lambda: connection.execute(query).fetchone() == (2,))


def test_interrupted(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """Ctrl-C: what is in flight ends, the lease is given back, and another run goes on where this one stopped."""
    slow = {"path": "", "kind": "latency", "latency_ms": 300}
    httpx.post(f"{clouds}/sandbox/faults", json=slow).raise_for_status()
    with started("register", "--yes") as process:
        wait_for_lease(site)
        assert end(process, signal.SIGINT) == 130
    assert site.execute("SELECT count(*) FROM outbox.lease WHERE expires_at > now()").fetchone() == (0,)
    assert site.execute("SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL").fetchone() == (0,)
    httpx.delete(f"{clouds}/sandbox/faults").raise_for_status()
    assert shell("register", "--yes").code == 0
    assert differences(site, httpx.get(f"{clouds}/sandbox/state").json()) == []


def test_target_without_views(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("DROP SCHEMA visma_net CASCADE")
    result = shell("register", "--target", "visma_net", "--yes")
    assert result.code == 73
    assert "there is no desired view for visma_net" in result.err
    assert shell("register", "projects", "--yes").code == 73


def test_one_of_several_resources_without_a_view(shell: Shell, site: psycopg.Connection) -> None:
    """Nothing is registered, rather than a part of what was asked for."""
    result = shell("register", "users", "projects", "--target", "accountview_net", "--yes")
    assert result.code == 73
    assert "there is no desired view for accountview_net.projects\n" in result.err
    assert count(site, "message") == 0


def test_target_without_client(shell: Shell, site: psycopg.Connection) -> None:
    """Found before anything is written."""
    write_settings("")
    result = shell("register", "--yes")
    assert result.code == 78
    assert "client_id" in result.err
    assert count(site, "message") == 0


def test_a_key_that_is_nowhere(shell: Shell, site: psycopg.Connection) -> None:
    """Unchanged, but most likely not what was meant."""
    result = shell("register", "users", "--key", "NIEMAND", "--target", "visma_net", "--yes")
    assert result.code == 0
    assert "user NIEMAND is in no view and in no cloud; is the key right?" in result.out
    assert "is the key right?" not in shell("register", "users", "--key", "STAGE", "--dry-run").out


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
    assert "there is nothing to do" not in result.out
    assert "wr0ng" not in result.err
    assert "paused" in shell("status").out
    monkeypatch.delenv("OUTBOX_VISMA_NET_CLIENT_SECRET")
    assert shell("resume", "visma_net").out == "visma_net resumed\n"
    assert shell("resume", "visma_net").out == "visma_net not paused: nothing to do\n"
    site.execute("UPDATE outbox.message SET due_at = NULL WHERE status = 'pending'")
    assert shell("relay", "--once").code == 0
    assert shell("status").out.count("pending") == 1


# -- what a person agrees to


@pytest.fixture
def small(shell: Shell, site: psycopg.Connection) -> psycopg.Connection:
    """Everything registered but what has no story here; nothing tells of changes."""
    for table in ("projects", "cost_types", "cost_centres", "app_access", "administration_access"):
        site.execute(f"DELETE FROM accountview.{table}")
    assert shell("register", "--yes").code == 0
    return site


def leave(connection: psycopg.Connection, number: int) -> None:
    """So many users leave."""
    connection.execute(
        "DELETE FROM accountview.users WHERE code IN (SELECT key[1] FROM outbox.mirror WHERE target = 'visma_net'"
        f" AND resource = 'users' AND key[1] NOT LIKE 'BALIE%' ORDER BY 1 LIMIT {number})"
    )


def test_few_changes_are_not_asked_about(shell: Shell, small: psycopg.Connection) -> None:
    """Of an active target, and below the limits: nobody there, no --yes, and done."""
    leave(small, 2)
    result = shell("register", "users", "--target", "visma_net")
    assert (result.code, result.out.splitlines()[-1]) == (0, "2 removed, 9 unchanged, 2 not ready, 1 held")


def test_many_removals_need_their_number(shell: Shell, small: psycopg.Connection) -> None:
    """--yes alone is not enough above the limit, nor is another number; nothing is written until it is right."""
    leave(small, 6)
    before = count(small, "message")
    arguments = ("register", "users", "--target", "visma_net")
    result = shell(*arguments, "--yes")
    assert result.code == 64
    assert "so many removals need their number: nothing was done\n  try: --yes --removals 6" in result.err
    assert "Visma.net: 6 removals of users, more than 5" in result.out
    result = shell(*arguments, "--yes", "--removals", "7")
    assert result.code == 64
    assert "7 removals agreed to, and the preview shows 6: nothing was done\n  try: --yes --removals 6" in result.err
    assert shell(*arguments).code == 2
    assert count(small, "message") == before
    assert shell(*arguments, "--yes", "--removals", "6").code == 0


def test_all_rows_of_a_resource(shell: Shell, small: psycopg.Connection) -> None:
    """However few they are."""
    small.execute("DELETE FROM accountview.companies")
    result = shell("register", "companies", "--target", "visma_net", "--yes")
    assert result.code == 64
    assert "Visma.net: all companies would be removed" in result.out


def test_a_number_that_is_too_low_is_refused_below_the_limit_too(shell: Shell, small: psycopg.Connection) -> None:
    """What a script agreed to is what it gets."""
    leave(small, 1)
    assert shell("register", "users", "--target", "visma_net", "--yes", "--removals", "0").code == 64


def test_typed_at_a_terminal(shell: Shell, small: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is typed; a wrong one, or nothing, does nothing."""
    leave(small, 6)
    before = count(small, "message")
    monkeypatch.setattr("sys.stdin", Typed("5\n"))
    assert shell("register", "users", "--target", "visma_net").code == 64
    monkeypatch.setattr("sys.stdin", Typed(""))
    assert shell("register", "users", "--target", "visma_net").code == 130
    assert count(small, "message") == before
    monkeypatch.setattr("sys.stdin", Typed("6\n"))
    result = shell("register", "users", "--target", "visma_net")
    assert result.code == 0
    assert "Type the number of removals to go on" in result.out


class Typed(io.StringIO):
    """A terminal at which somebody has typed already."""

    def isatty(self) -> bool:
        return True


def test_the_first_register_asks(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it would do: from then on every change goes out by itself. No is no."""
    monkeypatch.setattr("sys.stdin", Typed("n\n"))
    result = shell("register", "companies", "--target", "visma_net")
    assert (result.code, count(site, "message")) == (130, 0)
    assert "Visma.net becomes active: from now on every change goes out by itself" in result.out


# -- what is kept of it


def test_report_as_csv(shell: Shell, site: psycopg.Connection, tmp_path: Path) -> None:
    """Every row, also those that were as they should be."""
    site.execute("UPDATE accountview.users SET first_name = 'A;\"B' WHERE code = 'STAGE'")
    shell("register", "users", "--yes")
    shell("register", "users", "--yes", "--report", "users.csv", "--lang", "nl")
    with (tmp_path / "users.csv").open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.reader(f))
    assert rows[0] == ["cloud", "soort", "sleutel", "resultaat", "waarom"]
    assert ["Visma.net", "gebruikers", "JANSEN", "ongewijzigd", ""] in rows
    assert ["Visma.net", "gebruikers", "STAGE", "nog niet gereed", "ontbreekt: achternaam"] in rows
    assert len(rows) == 1 + 28


def test_report_as_text(shell: Shell, site: psycopg.Connection, tmp_path: Path) -> None:
    shell("register", "companies", "--yes", "--report", "c.txt")
    lines = (tmp_path / "c.txt").read_text().splitlines()
    assert lines[0].split() == ["target", "resource", "key", "result", "why"]
    assert ["visma_net", "companies", "003", "not", "ready", "missing:", "KVK", "number"] in [
        ln.split() for ln in lines
    ]
    assert "not ready" in lines[-1]


@pytest.mark.parametrize("name", ["users.pdf", "nowhere/users.csv"])
def test_report_that_cannot_be_written(shell: Shell, site: psycopg.Connection, name: str) -> None:
    """Found before anything is sent."""
    assert shell("register", "--yes", "--report", name).code == 2
    assert count(site, "message") == 0


def test_json(shell: Shell, site: psycopg.Connection) -> None:
    """Of the dry run and of the real one, as the dataclasses say; nothing else is on the screen."""
    shown = json.loads(shell("register", "users", "--dry-run", "--json").out)
    more = {name: shown.pop(name) for name in ("removals", "invitations")}
    assert (more, misfits(shown, Forecast)) == ({"removals": 0, "invitations": 22}, [])
    done = json.loads(shell("register", "users", "--yes", "--json").out)
    assert done["totals"] == {"created": 22, "not_ready": 4, "held": 2}
    assert done["pending"] == 0
    row = next(r for r in done["rows"] if r["key"] == ["STAGE"])
    assert row == {"target": row["target"], "resource": "users", "key": ["STAGE"], "became": "not_ready",
                   "why": "missing: last name"}  # fmt: skip


def test_progress_is_for_a_terminal(shell: Shell, site: psycopg.Connection) -> None:
    """In a log it would be noise."""
    assert "registering" not in shell("register", "companies", "--yes").err


def test_from_sql(shell: Shell, site: psycopg.Connection) -> None:
    """As an application's own window does it: register, wait, read what became of each row."""
    shell("register", "companies", "--yes")
    site.execute("UPDATE accountview.companies SET name = 'Anders' WHERE code = '001'")
    (id_,) = site.execute("SELECT outbox.register('visma_net', 'companies')").fetchone() or (None,)
    result = "SELECT key[1], became, why FROM outbox.register_result WHERE register = %s ORDER BY key"
    assert {became for _, became, _ in site.execute(result, [id_])} == {"pending"}
    shell("relay", "--once")
    assert site.execute(result, [id_]).fetchall() == [
        ("001", "updated", None),
        ("002", "unchanged", None),
        ("003", "not ready", "missing: kvk_number"),
    ]
    (id_,) = site.execute("SELECT outbox.register('visma_net', 'companies', '{001}')").fetchone() or (None,)
    shell("relay", "--once")
    assert site.execute(result, [id_]).fetchall() == [("001", "unchanged", None)]


def test_two_persons_register_at_once(shell: Shell, site: psycopg.Connection) -> None:
    """They are expanded together, under the name of one of them; both read what was done."""
    ids = [site.execute("SELECT outbox.register('visma_net', 'companies')").fetchone() for _ in range(2)]
    site.execute("UPDATE outbox.target SET active_since = now()")
    shell("relay", "--once")
    for id_ in ids:
        query = "SELECT array_agg(became ORDER BY key) FROM outbox.register_result WHERE register = %s"
        assert site.execute(query, id_).fetchone() == (["created", "created", "not ready"],)


def test_children_are_followed_whoever_had_their_parent_looked_at(site: psycopg.Connection) -> None:
    """A user is registered, and something else (a change, drift) asks for him as well: one delivery settles both, and
    what it causes may name the other message. What only asks for the same key is nobody's business here.
    """
    insert = (
        "INSERT INTO outbox.message (target, resource, key, operation, cause)"
        " VALUES ('visma_net', %s, %s, 'EXPAND', %s) RETURNING id"
    )

    def write(resource: str, key: list[str], cause: int | None = None) -> int:
        row = site.execute(insert, [resource, key, cause]).fetchone()
        assert row
        return int(row[0])

    everything = write("users", [])
    user = write("users", ["JANSEN"], everything)
    other = write("users", ["JANSEN"])
    child = write("company_access", ["JANSEN", "001"], other)
    write("company_access", ["BERG", "001"])
    assert {row.id for row in next(follow(site, [everything])).rows} == {everything, user, child}
