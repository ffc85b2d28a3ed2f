"""outbox status: short, true, and with the next step."""

from __future__ import annotations

import json

import psycopg

from outbox.operator.status import TargetStatus
from tests.cli.conftest import Shell
from tests.cli.shapes import misfits


def test_before_the_first_register(shell: Shell, site: psycopg.Connection) -> None:
    result = shell("status")
    assert result.code == 0
    assert "visma_net        not active yet; no relay" in result.out
    assert "next: Visma.net waits for its first register: outbox register --target visma_net" in result.out


def test_when_all_is_well(shell: Shell, site: psycopg.Connection) -> None:
    """After a register nothing is pending; who is held is counted, and where to read why."""
    site.execute("UPDATE accountview.users SET email = 'balie2@example.nl' WHERE code = 'BALIE2'")
    shell("register", "--yes")
    result = shell("status")
    assert "nothing waits, nothing is stuck" in result.out
    assert "next:" not in result.out


def test_worst_case_fits_a_terminal(shell: Shell, site: psycopg.Connection) -> None:
    """Every resource has everything, both targets are paused: 24 lines."""
    site.execute("UPDATE outbox.target SET active_since = now(), paused_at = now(), why = 'the cloud says no'")
    site.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at)"
        " SELECT t, r, '{x}', 'UPDATE', s, 'why', CASE WHEN s <> 'pending' THEN now() END"
        " FROM (VALUES ('accountview_net', 'users'), ('accountview_net', 'companies'),"
        "  ('accountview_net', 'app_access'), ('accountview_net', 'company_access'),"
        "  ('visma_net', 'users'), ('visma_net', 'companies'),"
        "  ('visma_net', 'company_access'), ('visma_net', 'projects'), ('visma_net', 'cost_types'),"
        "  ('visma_net', 'cost_centres')) AS v (t, r), unnest(ARRAY['pending', 'held', 'dead']) AS s"
    )
    lines = shell("status").out.splitlines()
    assert len(lines) <= 24
    assert lines[0].startswith("accountview_net  paused since ")
    assert "next: Visma.net is paused (the cloud says no); when that is put right: outbox resume visma_net" in lines
    assert sum(line.split()[2:5] == ["1", "1", "1"] for line in lines) == 10


def test_pending_without_a_relay(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("UPDATE outbox.target SET active_since = now()")
    site.execute("SELECT outbox.register('visma_net', 'users')")
    assert "next: Visma.net has no relay: outbox relay" in shell("status").out


def test_json(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("SELECT outbox.register('visma_net', 'users')")
    shown = json.loads(shell("status", "--json").out)
    visma = shown["targets"][1]
    assert (visma["target"], visma["active_since"], visma["relay"]) == ("visma_net", None, None)
    assert (visma["backlog"][0]["resource"], visma["backlog"][0]["pending"]) == ("users", 1)
    assert len(shown["next"]) == 2


def test_json_has_its_shape(shell: Shell, site: psycopg.Connection) -> None:
    """As the dataclasses say, in every state."""
    site.execute("SELECT outbox.register('visma_net', 'users')")
    site.execute("UPDATE outbox.target SET paused_at = now(), why = 'no' WHERE target = 'visma_net'")
    shown = json.loads(shell("status", "--json").out)
    assert [m for t in shown["targets"] for m in misfits(t, TargetStatus)] == []
    assert all(isinstance(step, str) for step in shown["next"])


def test_in_doubt_for_long(shell: Shell, site: psycopg.Connection) -> None:
    """A call whose outcome nobody finds out; one that is just under way is no news."""
    site.execute("UPDATE outbox.target SET active_since = now()")
    site.execute(
        "INSERT INTO outbox.mirror (target, resource, key, in_doubt) VALUES"
        " ('visma_net', 'users', '{A}', now() - interval '1 hour'), ('visma_net', 'companies', '{1}', now())"
    )
    out = shell("status").out
    assert "next: Visma.net: 1 row in doubt, and nothing under way: outbox register --target visma_net" in out
    assert "companies" not in out


def test_rows_are_counted_and_not_messages(shell: Shell, site: psycopg.Connection) -> None:
    """One user about whom somebody has to decide is one, however often he changed."""
    site.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at)"
        " SELECT 'visma_net', 'users', '{A}', 'UPDATE', 'held', 'register to remove', now() FROM generate_series(1, 3)"
    )
    assert "next: Visma.net: 1 row to decide about; why: outbox audit held" in shell("status").out


def test_in_dutch(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("UPDATE outbox.target SET active_since = '2026-01-02 10:00' WHERE target = 'visma_net'")
    site.execute("SELECT outbox.register('visma_net', 'cost_types')")
    out = shell("status", "--lang", "nl").out
    assert "Visma.net        actief sinds 02-01-2026" in out
    assert "nu: AccountView.Net wacht op de eerste registratie: outbox register --target accountview_net" in out
    assert "kostensoorten" in out
