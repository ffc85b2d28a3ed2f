"""outbox status: short, true, and with the next step."""

from __future__ import annotations

import json

import psycopg

from tests.cli.conftest import Shell


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
