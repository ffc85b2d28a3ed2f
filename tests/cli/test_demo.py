"""outbox demo: the whole way in one command, as a real process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import psycopg

import outbox
from tests.cli.conftest import Shell, end, started


def test_demo_ends_equal(shell: Shell) -> None:
    """Without a terminal, a database or a setting: every change is shown with what reached which cloud, and when."""
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "outbox", "demo"], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sections = dict(re.findall(r"^\d\. (.*)\n((?:   .*\n)+)", done.stdout, re.M))
    assert len(sections) == 8
    effects = [
        set(re.findall(r"^   (\S+) +[\d.]+ ms  (?:\d+ x )?([\w ]+\w)", text, re.M)) for text in sections.values()
    ]
    created = {("AccountView.Net", "user created and invited"), ("Visma.net", "user created and invited")}
    assert created <= effects[0]
    assert effects[1] == set()
    assert effects[2] == {("AccountView.Net", "user removed"), ("Visma.net", "user removed")}
    assert ("AccountView.Net", "access given") in effects[3]
    assert {("Visma.net", "company created"), ("Visma.net", "project created")} <= effects[4]
    assert effects[5] == {("Visma.net", "project created")}
    assert effects[6] == {("Visma.net", "cost types or cost centres written")}
    assert {("AccountView.Net", "company removed"), ("Visma.net", "company removed")} <= effects[7]
    assert len(re.findall(r"^\w+_net .* yes$", done.stdout, re.M)) == 10
    assert "\x1b" not in done.stdout + done.stderr


def test_serve_stays_until_stopped(shell: Shell) -> None:
    """It names a database and a page that answer; a signal ends both, and the exit code says which."""
    with started("demo", "--serve") as process:
        assert process.stdout
        found: dict[str, str] = {}
        for line in process.stdout:
            if match := re.match(r"(database|page) +(\S+)", line):
                found[match[1]] = match[2]
            if "psql" in line:
                break
        with psycopg.connect(found["database"]) as connection:
            assert connection.execute(
                "SELECT count(*) FROM outbox.target WHERE active_since IS NOT NULL"
            ).fetchone() == (2,)
        with urlopen(found["page"]) as page:
            assert page.status == 200
        assert end(process, signal.SIGINT) == 130
    assert not Path(re.findall(r"host=([^&]+)", found["database"])[0]).exists()
