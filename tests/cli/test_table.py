"""The table of commands, each tried where it works, has nothing to do, is asked wrongly, has no database, and runs
beside a relay that is at work.
"""

from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import httpx
import psycopg
import pytest

from outbox.cli import outbox
from outbox.cli.following import move
from outbox.cli.help import commands
from outbox.cli.language import INTERRUPTED
from outbox.config import load
from outbox.service.wiring import at_work, make_service
from tests.cli.conftest import NOWHERE, Result, Shell, end, on_a_terminal, started
from tests.cli.shapes import misfits
from tests.cli.table import ELSEWHERE, OLD, TABLE, USER, Arguments, Case
from tests.cli.test_register import wait_for_lease
from tests.conftest import Server, fill_installed
from tests.lane import eventually

ROOT = Path(__file__).parents[2]
each_command = pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
each_with_a_database = pytest.mark.parametrize(
    "case", [c for c in TABLE.values() if c.database], ids=[n for n, c in TABLE.items() if c.database]
)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    with server.cloned(server.template("installed", fill_installed)) as dsn:
        yield dsn


def is_plain(result: Result) -> bool:
    """No colour, no progress bar: nobody looks."""
    return "\x1b" not in result.out + result.err and "[#" not in result.err and "Traceback" not in result.err


def test_every_command_is_in_the_table() -> None:
    """A group counts by its commands: apps pull."""
    names = {name for name, _ in commands(outbox)}
    assert names == set(TABLE) | set(ELSEWHERE)
    for name, file in ELSEWHERE.items():
        assert f'"{name}"' in (ROOT / file).read_text(), name


def _has_json(name: str) -> bool:
    return any("--json" in p.opts for p in dict(commands(outbox))[name].params)


@each_command
def test_it_works(case: Case, shell: Shell, site: psycopg.Connection) -> None:
    """And says so, in plain text."""
    result = shell(*_filled(case.works, case.prepare(site)))
    assert (result.code, case.says in result.out) == (case.code, True), result
    assert is_plain(result)


def _filled(arguments: Arguments, values: dict[str, str] | None) -> Arguments:
    return tuple(a.format(**values) for a in arguments) if values else arguments


@each_command
def test_nothing_to_do_is_said(case: Case, shell: Shell, site: psycopg.Connection) -> None:
    """The first time, and once more; it is no error, but where a command was told of something that is not there."""
    arguments = _filled(case.nothing, case.prepare_nothing(site))
    for _ in range(2):
        result = shell(*arguments)
        assert (result.code, case.nothing_says in result.out) == (case.nothing_code, True), result
        assert ("try: " in result.err) is (case.nothing_code > 64)
        assert is_plain(result)


@each_command
def test_wrong_input_changes_nothing(case: Case, shell: Shell, site: psycopg.Connection) -> None:
    """One clear message, exit code 2, and the outbox as it was."""
    case.prepare(site)
    before = _look(site)
    assert case.wrong
    for arguments, words in case.wrong:
        result = shell(*_name(case), *arguments)
        assert (result.code, words in result.err) == (2, True), result
        assert is_plain(result)
    assert _look(site) == before


def _name(case: Case) -> tuple[str, ...]:
    """The command itself, of its arguments."""
    return next(tuple(name.split()) for name, c in TABLE.items() if c is case)


def _look(connection: psycopg.Connection) -> object:
    return connection.execute(
        "SELECT (SELECT array_agg(m ORDER BY m.id) FROM outbox.message AS m)::text,"
        " (SELECT array_agg(t) FROM outbox.target AS t)::text, (SELECT array_agg(d) FROM outbox.decision AS d)::text"
    ).fetchone()


@each_with_a_database
def test_the_database_is_gone(case: Case, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code, the driver's words, and what to try; on standard output only where that is the answer."""
    monkeypatch.setenv("OUTBOX_DSN", NOWHERE)
    result = shell(*_filled(case.works, {"remote_id": "any"}))
    said = result.err if case.gone == 69 else result.out
    assert (result.code, result.out + result.err) == (case.gone, said)
    assert "the database cannot be used" in said
    assert "try: " in said
    assert is_plain(result)


@each_with_a_database
def test_beside_a_relay(case: Case, shell: Shell, site: psycopg.Connection) -> None:
    """The same, and the relay keeps its lease, but for what makes it read anew."""
    settings = replace(load(), prune_every_s=0)  # else it may forget first what the command is to remove
    with at_work(make_service(settings, ["accountview_net", "visma_net"])) as relay:
        wait_for_lease(site)
        result = shell(*_filled(case.works, case.prepare(site)))
        assert (result.code, (case.beside or case.says) in result.out) == (case.code, True), result
        assert relay.is_alive()
        epochs = {epoch for (epoch,) in site.execute("SELECT epoch FROM outbox.lease")}
        assert epochs == ({1, 2} if case.interrupts else {1})


@pytest.mark.parametrize("name", [name for name in TABLE if _has_json(name)])
def test_json(name: str, shell: Shell, site: psycopg.Connection) -> None:
    """Nothing but JSON on standard output, of the shape that tests/cli/printed.py says, and no name more or less."""
    case = TABLE[name]
    result = shell(*_filled(case.works, case.prepare(site)), "--json")
    assert result.code == case.code
    assert misfits(json.loads(result.out), case.shape) == []


def test_what_prints_data_has_json() -> None:
    """All but those that print SQL, a page or a log; and each has a shape."""
    assert {name for name in TABLE if not _has_json(name)} == {"install", "uninstall", "relay", "help"}
    assert {name for name, case in TABLE.items() if case.shape is None} == {"install", "uninstall", "relay", "help"}


# -- a terminal ------------------------------------------------------------------------------------------------------


with_and_without_colours = pytest.mark.parametrize(
    ("variables", "colours"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["", "NO_COLOR"]
)


@with_and_without_colours
def test_colours_on_a_terminal_alone(variables: dict[str, str], colours: bool) -> None:
    """The head of a table is bold there, unless NO_COLOR is set."""
    code, seen = on_a_terminal("audit", **variables)
    assert code == 0
    assert "access_of_user" in seen
    assert ("\x1b[1m" in seen) is colours


@with_and_without_colours
def test_a_progress_bar_on_a_terminal(
    variables: dict[str, str], colours: bool, shell: Shell, site: psycopg.Connection
) -> None:
    """From nothing to all, and the cursor is shown again afterwards. In a pipe there is none: see is_plain."""
    code, seen = on_a_terminal("register", "users", "--target", "visma_net", "--yes", **variables)
    assert code == 0, seen
    assert re.search(r"registering +\[-+\] +0%.*registering +\[#+\] +100%", seen, re.DOTALL)
    assert seen.rindex("\x1b[?25h") > seen.rfind("\x1b[?25l")
    assert ("\x1b[1m" in seen) is colours


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_progress_bar_follows_a_total_that_changes() -> None:
    """More comes of what was done, and less where what was pending comes to nothing: it ends at the end."""
    seen = _Terminal()
    with click.progressbar(length=1, file=seen) as bar:
        for done, total in ((2, 2), (9, 20), (9, 9)):
            move(bar, done, total)
    assert re.findall(r"\d+%", seen.getvalue()) == ["0%", "100%", "45%", "100%"]


# -- Ctrl-C ----------------------------------------------------------------------------------------------------------


def test_ctrl_c_while_a_row_is_locked(shell: Shell, site: psycopg.Connection, database: str) -> None:
    """erase waits for somebody else's transaction and is stopped: 130, one word, nothing half done; again, it works."""
    case = TABLE["erase"]
    case.prepare(site)
    with psycopg.connect(database) as other:
        other.execute("SELECT FROM outbox.message WHERE key = '{WEG}' FOR UPDATE")
        with started(*case.works) as process:
            _wait_for_block(site)
            assert end(process, signal.SIGINT) == INTERRUPTED
        other.rollback()
    assert site.execute("SELECT error FROM outbox.message WHERE key = '{WEG}'").fetchall() == [("weg@example.nl",)]
    assert shell(*case.works).code == 0
    assert site.execute("SELECT error FROM outbox.message WHERE key = '{WEG}'").fetchall() == [("[erased]",)]


def test_ctrl_c_while_install_waits_for_a_table(shell: Shell, site: psycopg.Connection, database: str) -> None:
    """Somebody writes; install is stopped while it waits for him. No trigger is half there, and again it completes."""
    site.execute("DROP TRIGGER outbox_update ON accountview.users; DROP TRIGGER outbox_update ON accountview.companies")
    with psycopg.connect(database) as other:
        other.execute("UPDATE accountview.users SET first_name = first_name")
        with started("install") as process:
            _wait_for_block(site)
            assert end(process, signal.SIGINT) == INTERRUPTED
        other.rollback()
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'outbox%' AND tgrelid = 'accountview.users'::regclass"
    assert site.execute(triggers).fetchone() == (3,)
    assert shell("install").code == 0
    assert site.execute(triggers).fetchone() == (4,)
    assert "nothing to do" in shell("install").out


def test_ctrl_c_while_prune_waits(shell: Shell, site: psycopg.Connection, database: str) -> None:
    """What it could not reach stays whole, with all that belongs to it, and goes the next time."""
    site.execute(OLD)
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE outbox.message IN EXCLUSIVE MODE")
        with started("prune") as process:
            _wait_for_block(site)
            assert end(process, signal.SIGINT) == INTERRUPTED
        other.rollback()
    assert site.execute("SELECT count(*) FROM outbox.message WHERE key = '{WEG}'").fetchone() == (1,)
    assert "1 message" in shell("prune").out


def test_ctrl_c_while_verify_reads(shell: Shell, site: psycopg.Connection, clouds: str) -> None:
    """In the middle of a slow list: nothing is concluded of it, nothing set back, and the next one finds it equal."""
    assert shell("register", "users", "--target", "visma_net", "--yes").code == 0
    before = site.execute("SELECT count(*) FROM outbox.message").fetchone()
    slow = {"path": "/users", "kind": "latency", "latency_ms": 60_000}
    httpx.post(f"{clouds}/sandbox/faults", json=slow).raise_for_status()
    with started("verify", "visma_net", "users", "--repair") as process:
        eventually(lambda: any(f["hit"] for f in httpx.get(f"{clouds}/sandbox/faults").json()))
        assert end(process, signal.SIGINT) == INTERRUPTED
    httpx.delete(f"{clouds}/sandbox/faults").raise_for_status()
    assert site.execute("SELECT count(*) FROM outbox.verified").fetchone() == (0,)
    assert site.execute("SELECT count(*) FROM outbox.message").fetchone() == before
    assert shell("verify", "visma_net", "users").code == 0


def _wait_for_block(connection: psycopg.Connection) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    eventually(lambda: connection.execute(query).fetchone() == (1,))


def test_the_user_of_the_table_is_one(site: psycopg.Connection) -> None:
    """Were the sample data changed, the table would test nothing."""
    query = "SELECT count(*) FROM visma_net.users WHERE user_code = %s AND missing IS NULL OR missing = '{}'"
    assert site.execute(query, [USER]).fetchone() != (0,)
