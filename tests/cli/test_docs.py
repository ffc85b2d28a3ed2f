"""Every block of shell, SQL and settings on the pages of `outbox help` runs, and what is shown as output is output."""

from __future__ import annotations

import difflib
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from outbox import install
from outbox.cli import outbox, run
from outbox.cli.help import PAGES, topics
from outbox.cli.help import commands as each_command
from outbox.cli.sandbox import settings_text
from outbox.config import load
from tests.cli.conftest import write_settings
from tests.conftest import Server, fill_reference
from tests.programs import program

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages whose blocks need more than a shell (a relay stopped between two steps, another database), and their tests.
ELSEWHERE = {
    "messages": "tests/relay/test_walk.py",
    "your-tables": "tests/cli/test_your_tables.py",
    "service": "tests/cli/test_docs.py",  # below
}
# These serve until they are stopped: here only their arguments are read. The README's test and the demo's run them.
SERVING = {"sandbox", "demo"}
# Other exit codes than 0, where the example tells of something that is not so here.
CODES = {
    "outbox check --json": 1,  # the servers of the tests are not durable
    "outbox register users --yes --removals 12 --report users.csv": 64,  # there are not twelve to remove
}
# Fewer rows, for the sake of time.
FEWER = """
    DELETE FROM accountview.projects WHERE code > 'P0010';
    DELETE FROM accountview.cost_types;
    DELETE FROM accountview.cost_centres WHERE code > 'KP110'
"""
# Before each of them nothing is paused, and there is what they are about: something a brake held, something refused.
STUCK = """
    DELETE FROM outbox.pause;
    UPDATE outbox.target SET paused_at = NULL, why = NULL;
    DELETE FROM outbox.message WHERE status IN ('held', 'dead') AND key <> '{BALIE2}' OR id = 4711;
    INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld, batch)
    SELECT t.target, v.resource, v.key::text[], 'DELETE', 'held', now(), 'brake', 'remove', 4711
    FROM outbox.target AS t,
         (VALUES ('users', '{JANSEN}'), ('users', '{BERG}'), ('projects', '{001,P0001}')) AS v (resource, key);
    INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error)
    VALUES ('visma_net', 'projects', '{001,P0500}', 'UPDATE', 'dead', now(), '422');
    INSERT INTO outbox.message (id, target, resource, key, operation, status, settled_at, error)
    OVERRIDING SYSTEM VALUE
    VALUES (4711, 'visma_net', 'projects', '{001,P0501}', 'UPDATE', 'dead', now(), '422')
"""
JANSEN = """
    DELETE FROM outbox.message WHERE status IN ('held', 'dead') AND key <> '{BALIE2}';
    INSERT INTO accountview.users (code, first_name, last_name, email)
    VALUES ('JANSEN', 'Sanne', 'Jansen', 'jansen@example.nl') ON CONFLICT (code) DO NOTHING
"""
ROLES = """
    DO $$ BEGIN
        IF to_regrole('outbox_relay') IS NULL THEN CREATE ROLE outbox_relay; END IF;
        CREATE ROLE boekhouding;
    END $$
"""


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of each; of the page of the commands also the examples in their --help, which it shows."""
    found = FENCED.findall((PAGES / f"{page}.md").read_text(encoding="utf-8"))
    helps = [command.help or "" for _, command in sorted(each_command(outbox))] if page == "commands" else []
    examples = [lines for text in helps for lines in re.findall(r"Examples?:\n((?: *outbox .*\n?)+)", text)]
    return found + [("sh", textwrap.dedent(lines)) for lines in examples]


class Typed(io.StringIO):
    """A person who says yes to everything."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def world(server: Server, clouds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The reference database with its triggers, nothing registered; a shell in an empty folder that leads to it."""
    name = f"docs_{os.getpid()}"
    dsn = server.create(name, server.template("reference", fill_reference))
    monkeypatch.chdir(tmp_path)
    for variable in [n for n in os.environ if n.startswith(("OUTBOX_", "PG"))]:
        monkeypatch.delenv(variable)
    parts = conninfo_to_dict(dsn)
    own = {
        "PGHOST": parts["host"],
        "PGUSER": parts["user"],
        "PGDATABASE": parts["dbname"],
        "OUTBOX_DSN": dsn,
        "PGOPTIONS": "-c outbox.actor=sanne",
    }
    programs = f"{Path(sys.executable).parent}:{Path(program(dsn, 'psql')).parent}:{os.environ['PATH']}"
    for variable, value in {**own, "PATH": programs, "LC_ALL": "C", "TZ": "UTC"}.items():
        monkeypatch.setenv(variable, str(value))
    write_settings(settings_text(clouds))
    (tmp_path / "sql").symlink_to(ROOT / "sql")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(FEWER)
        install.apply(connection, install.plan(connection))
        yield connection
    server.drop(name)


def test_every_page(world: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """The administrator's page first: it registers. Then all others, each block where the ones before it ended."""
    play("desk", world, capsys)
    assert run(["register", "--yes"]) == 0
    for page in topics():
        if page != "desk" and page not in ELSEWHERE:
            play(page, world, capsys)


def play(page: str, world: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    for language, text in blocks(page):
        match language:
            case "console":
                compare(page, text, capsys)
            case "sh":
                for line in commands(text):
                    world.execute(STUCK)
                    check(page, line, world, capsys)
            case "sql":
                run_sql(world, text)
            case "toml":
                read_settings(text)
            case _:
                assert (page, language) == ("commands", "text"), f"{page}: a block that nothing holds: {text}"


def test_the_unit_is_installed(tmp_path: Path, world: psycopg.Connection) -> None:
    """As the page says, but below a folder of our own, and with a systemctl that only writes down what it is asked."""
    (first, *rest) = blocks("service")
    package = tmp_path / "opt/outbox/.venv/lib/python3.11/site-packages/outbox"
    package.parent.mkdir(parents=True)
    package.symlink_to(ROOT / "outbox")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "systemctl").write_text('#!/bin/sh\necho "$@" >> asked')
    (tmp_path / "systemctl").chmod(0o755)
    block = re.sub(r"(?<=\s)/(?=etc/|opt/)", f"{tmp_path}/", first[1])
    run_in_bash(f"PATH={tmp_path}:$PATH\n{block}")
    assert (tmp_path / "etc/systemd/system/outbox-relay.service").read_text().startswith("# The relay as a system")
    secrets = list((tmp_path / "etc/outbox/credentials").iterdir())
    assert len(secrets) == 3
    assert {f.stat().st_mode & 0o777 for f in secrets} == {0o600}
    assert (tmp_path / "asked").read_text() == "daemon-reload\nenable --now outbox-relay\n"
    assert [language for language, _ in rest] == ["sql"]
    run_sql(world, rest[0][1])


def test_every_page_has_its_test() -> None:
    """Those that are not played here name the test that does."""
    for page, test in ELSEWHERE.items():
        assert f'"{page}' in (ROOT / test).read_text(), page


def test_no_block_hides() -> None:
    """What is indented as code is in no fence, and so in no test."""
    for page in topics():
        outside = FENCED.sub("", (PAGES / f"{page}.md").read_text(encoding="utf-8"))
        assert re.findall(r"\n\n(    \S.*)", outside) == [], page


def commands(text: str) -> list[str]:
    """Lines that end in a backslash go on."""
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def compare(page: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`$ command`, and below it what it prints, but for times, ids and names of machines; `...` is any lines."""
    for command, shown in re.findall(r"^\$ outbox (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        capsys.readouterr()
        code = run(shlex.split(command))
        printed = capsys.readouterr()
        assert (code, printed.err) == (0, ""), command
        wanted, found = timeless(shown), timeless(printed.out)
        pattern = re.escape(wanted).replace(re.escape("...\n"), "(?:.*\n)+?")
        difference = difflib.unified_diff(wanted.splitlines(True), found.splitlines(True), page, command, n=9)
        assert re.fullmatch(pattern, found), "".join(difference)


def timeless(text: str) -> str:
    for pattern, name in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d|\d\d-\d\d-\d{4} \d\d:\d\d", "TIME"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "ID"),
        (r"relay \S+/\d+", "relay HOST/1"),
        (r"about \d+ s|ongeveer \d+ s", "about 1 s"),
    ):
        text = re.sub(pattern, name, text)
    return text.rstrip() + "\n"


def check(page: str, line: str, world: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process where it is a command of ours alone, else by bash."""
    if not re.match(r"outbox [^|>$*]+$", line):
        run_in_bash(line)
        return
    _, *arguments = shlex.split(prepare(line, world), comments=True)
    if arguments[0] in SERVING:
        command = outbox.get_command(click.Context(outbox), arguments[0])
        assert command
        assert command.make_context(arguments[0], arguments[1:])
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Typed("y\n" * 9))
        code = run(arguments)
    said = capsys.readouterr()
    assert code == CODES.get(line, 0), f"{page}: {line}\n{said.out}{said.err}"


def run_in_bash(text: str) -> None:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"


def prepare(line: str, world: psycopg.Connection) -> str:
    """Whom or what the example is about has to be as it says."""
    if " erase " in line or " --to " in line or "unlink" in line:
        world.execute(JANSEN)
        assert run(["relay", "--once"]) == 0
    if " erase " in line:
        world.execute("DELETE FROM accountview.users WHERE code = 'JANSEN'")
        assert run(["relay", "--once"]) == 0
    if " --to " in line:
        taken = world.execute(
            "DELETE FROM outbox.mirror WHERE target = 'accountview_net' AND resource = 'users' AND key = '{JANSEN}'"
            " RETURNING remote_id"
        ).fetchone()
        assert taken
        line = re.sub(r"--to \S+", f"--to {taken[0]}", line)
    return line


def run_sql(world: psycopg.Connection, text: str) -> None:
    """As a superuser, and taken back."""
    with world.transaction(force_rollback=True):
        world.execute(STUCK.encode() + b";" + ROLES.encode())
        world.execute(text.encode())


def read_settings(text: str) -> None:
    """As outbox.toml."""
    assert tomllib.loads(text)
    own = Path("outbox.toml").read_text()
    secret = Path("secret")
    secret.write_text("x")
    secret.chmod(0o600)
    write_settings(re.sub(r'_file = "[^"]+"', f'_file = "{secret.absolute()}"', text))
    assert load().targets["visma_net"].client_id
    write_settings(own)
