"""Whatever is wrong with the database or the settings: one sentence, a hint, an exit code, from every command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

import click
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from outbox import database as database_module
from outbox.cli import outbox
from outbox.errors import DatabaseUnavailable
from outbox.words import Words
from tests.cli.conftest import Shell
from tests.cli.table import TABLE
from tests.conftest import Server
from tests.faults.passage import Passage, passage

# But check, which reports all of it as findings, with codes of its own.
COMMANDS = [tuple(a.format(remote_id="any") for a in c.works) for c in TABLE.values() if c.database and c.gone == 69]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@every_command
def test_no_database_named(shell: Shell, command: tuple[str, ...]) -> None:
    result = shell(*command)
    assert (result.code, result.out) == (78, "")
    assert "no database is named" in result.err
    assert "OUTBOX_DSN" in result.err


@every_command
def test_no_such_database(
    shell: Shell, command: tuple[str, ...], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTBOX_DSN", server.database("no_such"))
    result = shell(*command)
    assert result.code == 69
    assert "does not exist" in result.err


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != ("install",)], ids=" ".join)
def test_not_installed(shell: Shell, command: tuple[str, ...], server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOX_DSN", server.dsn)  # an empty database that every server has
    result = shell(*command)
    assert result.code == 73
    assert "the outbox is not installed" in result.err
    assert "try: outbox install" in result.err


def test_a_command_waits_for_the_disk_and_not_for_a_server_that_is_gone(database: str) -> None:
    """No crash forgets what a person was told; a network that swallows everything is noticed within half a minute. And
    the server waits for a command that computes in a transaction, longer than for a relay, which has a lease locked.
    """
    with database_module.connect(database) as connection:
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.info.get_parameters()["tcp_user_timeout"] == "30000"
    with database_module.connect(make_conninfo(database, tcp_user_timeout=1000)) as connection:
        assert connection.info.get_parameters()["tcp_user_timeout"] == "1000"


def test_a_server_that_accepts_and_never_answers(shell: Shell, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP sees nothing wrong. A long statement is waited for as long as the server lets others in; when it does not,
    the command ends and says so, and so does one that begins then.
    """
    monkeypatch.setattr("outbox.silence.LOOK_S", 0.1)
    monkeypatch.setattr("outbox.silence.DOOR_S", 6)
    with passage(database) as way:
        threading.Timer(60, way.close).start()  # else a failure waits for ever
        with pytest.raises(DatabaseUnavailable, match="takes connections, and has not answered for"):
            _ask_and_freeze(way)
        monkeypatch.setenv("OUTBOX_DSN", way.dsn)
        result = shell("status")
    assert (result.code, result.out) == (69, "")
    assert "timeout expired" in result.err


def _ask_and_freeze(way: Passage) -> None:
    with database_module.connect(way.dsn) as connection:
        connection.execute("SELECT pg_sleep(1)")
        way.freeze()
        connection.execute("SELECT 1")


def test_a_server_that_is_too_old(shell: Shell, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed into it. (What is oldest is raised here: a server that is really too old is not at hand.)"""
    monkeypatch.setattr(database_module, "OLDEST_VERSION", 99)
    monkeypatch.setenv("OUTBOX_DSN", empty_database)
    result = shell("install")
    assert (result.code, result.out) == (73, "")
    assert re.search(r"the server is PostgreSQL \d+; the outbox needs 99 or later", result.err)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regnamespace('outbox')").fetchone() == (None,)


def test_password_is_never_repeated(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of a connection string that works nor of one that is none."""
    for dsn in ("postgresql://u:hunter2@127.0.0.1:1/db", "postgresql://u:hunter2@host/db?x=1", "hunter2"):
        monkeypatch.setenv("OUTBOX_DSN", dsn)
        result = shell("status")
        assert result.code in (69, 78)
        assert "hunter2" not in result.out + result.err


def test_role_without_rights(
    shell: Shell, site: psycopg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """77, and the server's own words; also where it may read all, and a cloud cannot be asked for lack of a right."""
    role = sql.Identifier(f"visitor_{site.info.backend_pid}")
    site.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    try:
        monkeypatch.setenv("OUTBOX_DSN", database.replace("postgres:@", f"visitor_{site.info.backend_pid}:@"))
        blind = shell("status")
        rights = "GRANT pg_read_all_data TO {0}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA outbox TO {0}"
        site.execute(sql.SQL(rights).format(role))
        reader = shell("apps", "pull")
    finally:
        site.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    for result in (blind, reader):
        assert result.code == 77
        assert "the database role lacks a right: permission denied for" in result.err


def test_a_statement_that_the_server_refuses(shell: Shell, site: psycopg.Connection) -> None:
    """70, with the server's words and the SQLSTATE: somebody changed the outbox's own tables."""
    site.execute("ALTER TABLE outbox.message RENAME COLUMN error TO words")
    result = shell("status")
    assert (result.code, result.out) == (70, "")
    assert re.search(r"the database refused a statement: column .*error does not exist \(SQLSTATE 42703\)", result.err)


def test_a_fault_of_ours_is_one_line(shell: Shell) -> None:
    """The kind and the place, not the words, which may be somebody's data, and no traceback."""

    @click.command("broken")
    def broken() -> None:
        Words().duration("jan@example.nl")  # type: ignore[arg-type]

    outbox.add_command(broken)
    try:
        result = shell("broken")
    finally:
        del outbox.commands["broken"]
    assert result.code == 70
    assert re.fullmatch(
        r"outbox: a fault of outbox [\d.]+ itself: \w+Error in outbox/words/__init__.py, line \d+\n"
        r"  try: report that line\n",
        result.err,
    )


def test_a_terminal_that_lacks_a_character() -> None:
    """Of Latin-1, say: it shows the number of the character, and the command goes on."""
    command = (sys.executable, "-m", "outbox", "audit", "--sql", "failures_by_reason")
    ended = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=True)
    assert rb"'\u2026'" in ended.stdout


def test_unknown_command_and_option(shell: Shell) -> None:
    assert shell("sendall").code == 2
    assert shell("status", "--xml").code == 2
