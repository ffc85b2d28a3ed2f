"""outbox status: short, true, and with the next step."""

from __future__ import annotations

import json
import re

import psycopg
import pytest

from tests.cli.conftest import Shell
from tests.cli.printed import Standing
from tests.cli.shapes import misfits


def test_before_the_first_register(shell: Shell, site: psycopg.Connection) -> None:
    result = shell("status")
    assert result.code == 0
    assert "visma_net        not active yet; never verified\n                 no relay\n" in result.out
    assert "next: Visma.net waits for its first register: outbox register --target visma_net" in result.out


def test_a_cloud_without_views_is_not_told_of(shell: Shell, site: psycopg.Connection) -> None:
    """Nobody can register it. One that was active stays, whatever became of its views."""
    site.execute("DROP SCHEMA visma_net CASCADE")
    assert "visma_net" not in shell("status").out
    site.execute("UPDATE outbox.target SET active_since = now()")
    assert "visma_net        active since" in shell("status").out


def test_when_all_is_well(shell: Shell, site: psycopg.Connection) -> None:
    """After a register nothing is pending; who is held is counted, and where to read why."""
    site.execute("UPDATE accountview.users SET email = 'balie2@example.nl' WHERE code = 'BALIE2'")
    shell("register", "--yes")
    result = shell("status")
    assert "nothing waits, nothing is stuck" in result.out
    assert "next:" not in result.out


# Every resource of both clouds has everything: pending, held, dead and in doubt; three parts of each are paused,
# another was told to wait; what was verified differs, a list could not be read, a restore was not compared; no lane is
# served, though relays stand by.
EVERYTHING = """
    UPDATE outbox.target SET active_since = now(), paused_at = now(), why = repeat('the cloud says no ', 9),
        verify_since = now(), down_since = now(), down_why = 'no route', probe_at = now();
    INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at, due_at)
    SELECT v.table_schema, v.table_name, '{x}', 'UPDATE', s, repeat('why ', 99),
           CASE WHEN s <> 'pending' THEN now() END, CASE WHEN s = 'pending' THEN now() + interval '1 hour' END
    FROM information_schema.views AS v, unnest(ARRAY['pending', 'held', 'dead']) AS s
    WHERE v.table_schema IN (SELECT target FROM outbox.target);
    INSERT INTO outbox.mirror (target, resource, key, in_doubt)
    SELECT v.table_schema, v.table_name, '{y}', now() - interval '1 hour'
    FROM information_schema.views AS v WHERE v.table_schema IN (SELECT target FROM outbox.target);
    SELECT outbox.pause(t.target, 'companies', c, repeat('being merged ', 9))
    FROM outbox.target AS t, unnest(ARRAY['001', '002', '003']) AS c;
    INSERT INTO outbox.rate (target, company, not_before)
    SELECT target, '001', now() + interval '1 hour' FROM outbox.target;
    INSERT INTO outbox.verified
        (target, resource, result, started_at, listed, missing, different, unmanaged, set_back, why)
    SELECT t.target, r, r, now(), 1, 2, 3, 4, 0, CASE r WHEN 'unknown' THEN 'a list that does not end' END
    FROM outbox.target AS t, unnest(ARRAY['different', 'unknown']) AS r;
    INSERT INTO outbox.relay (target, holder, expires_at)
    SELECT target, 'a-machine-with-a-long-name/12345/' || target, now() + interval '1 hour' FROM outbox.target
"""


@pytest.mark.parametrize("language", ["en", "nl"])
def test_everything_at_once_fits_a_terminal(shell: Shell, site: psycopg.Connection, language: str) -> None:
    """24 lines, none of them endless: each cloud, who relays, each resource, and the most urgent steps; the rest is
    named, and in --json.
    """
    site.execute(EVERYTHING)
    lines = shell("status", "--lang", language).out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 160
    assert sum(line.split()[-5:-1] == ["1", "1", "1", "1"] for line in lines) == 10
    steps = [line for line in lines if "outbox resume" in line]
    assert [step.rpartition(": ")[2] for step in steps] == ["outbox resume accountview_net", "outbox resume visma_net"]
    assert "outbox audit held" in "".join(lines)
    assert lines[-1].endswith("outbox status --json")
    everything = json.loads(shell("status", "--json").out)
    assert misfits(everything, Standing) == []
    commands = [
        *("outbox resume visma_net", "outbox audit dead", "outbox verify visma_net", "outbox status --json"),
    ]
    assert [any(c in step for step in everything["next"]) for c in commands] == [True] * len(commands)
    assert len(everything["pauses"]) == 12


def test_who_relays_since_when_with_which_lanes(shell: Shell, site: psycopg.Connection) -> None:
    """One at work, and one that stands by; of a name, what tells it from others."""
    site.execute(
        "INSERT INTO outbox.relay (target, holder, since, expires_at) VALUES"
        " ('visma_net', 'a/1/visma_net', '2026-01-02 10:00', now() + interval '1 min'),"
        " ('visma_net', 'b/2/visma_net', '2026-01-03 10:00', now() + interval '1 min'),"
        " ('visma_net', 'c/3/visma_net', '2026-01-04 10:00', now() - interval '1 min')"
    )
    site.execute(
        "UPDATE outbox.lease SET holder = 'a/1/visma_net', expires_at = now() + interval '1 min'"
        " WHERE target = 'visma_net'"
    )
    out = shell("status").out
    assert re.search(r"^ +relay a/1 since 2026-01-02 \d\d:00 and 1 more; lanes 1 of 1$", out, re.MULTILINE)
    assert re.search(r"^ +no relay$", out, re.MULTILINE)


VERIFIED = (
    "INSERT INTO outbox.verified (target, resource, result, started_at, finished_at, listed, missing, different,"
    " unmanaged, set_back, why) VALUES ('visma_net', 'users', %s, now(), '2026-01-02 10:00', 9, %s, %s, 7, 0, %s)"
)


@pytest.mark.parametrize(
    ("found", "said", "step"),
    [
        (("equal", 0, 0, None), ": equal", None),
        (("different", 1, 2, None), ": 1 missing, 2 different", "what differs: outbox verify visma_net"),
        (("unknown", 0, 0, "no end"), ": 1 unknown", "could not be compared whole: outbox verify visma_net"),
    ],
)
def test_the_last_verify(
    shell: Shell, site: psycopg.Connection, found: tuple[object, ...], said: str, step: str | None
) -> None:
    """When, what it found, and what to do where it was not equal."""
    site.execute("UPDATE outbox.target SET active_since = now()")
    site.execute(VERIFIED, found)
    out = shell("status").out
    assert re.search(rf"^visma_net .*; verified 2026-01-02 \d\d:00{said}$", out, re.MULTILINE)
    assert re.search(r"^accountview_net .*; never verified$", out, re.MULTILINE)
    assert re.findall(r"next: Visma.net .*?(\w.*)", out) == [] if step is None else step in out


def test_a_restore_has_to_be_compared(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("UPDATE outbox.target SET active_since = now(), verify_since = now() WHERE target = 'visma_net'")
    assert "Visma.net has to be compared after a restore or a fail-over: outbox verify visma_net" in shell("status").out


def test_pending_without_a_relay(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("UPDATE outbox.target SET active_since = now()")
    site.execute("SELECT outbox.register('visma_net', 'users')")
    assert "next: Visma.net has no relay: outbox relay" in shell("status").out


def test_json(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("SELECT outbox.register('visma_net', 'users')")
    shown = json.loads(shell("status", "--json").out)
    visma = shown["targets"][1]
    assert (visma["target"], visma["active_since"], visma["relays"]) == ("visma_net", None, [])
    assert (visma["backlog"][0]["resource"], visma["backlog"][0]["pending"]) == ("users", 1)
    assert len(shown["next"]) == 2


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
    assert "next: Visma.net: 1 row for a person; which and why: outbox audit held" in shell("status").out


def test_in_dutch(shell: Shell, site: psycopg.Connection) -> None:
    site.execute("UPDATE outbox.target SET active_since = '2026-01-02 10:00' WHERE target = 'visma_net'")
    site.execute("SELECT outbox.register('visma_net', 'cost_types')")
    out = shell("status", "--lang", "nl").out
    assert "Visma.net        actief sinds 02-01-2026" in out
    assert "nu: AccountView.Net wacht op de eerste registratie: outbox register --target accountview_net" in out
    assert "kostensoorten" in out


def test_a_copied_outbox_says_so_first(shell: Shell, site: psycopg.Connection) -> None:
    """All else it tells is about somebody else's clouds."""
    assert "restored or copied" not in shell("status").out
    site.execute("UPDATE outbox.identity SET system_identifier = 1")
    steps = [line for line in shell("status").out.splitlines() if line.startswith("next: ")]
    assert steps[0] == "next: this outbox was restored or copied, and sends nothing from here: outbox adopt"
