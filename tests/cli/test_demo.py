"""outbox demo: the whole way in one command, as a real process."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from tests.cli.conftest import Shell, end, started


def check_demo(shown: str, readme: str) -> None:
    """What it prints without a terminal, a database or a setting (tests/test_readme.py runs it): every change with what
    reached which cloud, and when; and it is what the README shows.
    """
    sections = dict(re.findall(r"^\d\. (.*)\n((?:   .*\n)+)", shown, re.M))
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
    assert len(re.findall(r"^\w+_net .* equal$", shown, re.M)) == 10
    assert "\x1b" not in shown
    excerpt = next(b for b in re.findall(r"```text\n(.*?)```", readme, re.DOTALL) if b.startswith("1. "))
    assert set(map(_timeless, excerpt.splitlines())) <= set(map(_timeless, shown.splitlines()))


def _timeless(line: str) -> str:
    return re.sub(r" +[\d.]+ ms", " 1 ms", line)


def test_serve_stays_until_stopped(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names a database, a page, and settings with which every command works; a signal ends all of it, and the
    exit code says which.
    """
    with started("demo", "--serve") as process:
        assert process.stdout
        found: dict[str, str] = {}
        for line in process.stdout:
            if match := re.match(r"(database|page|settings) +(\S+)", line):
                found[match[1]] = match[2]
            if "OUTBOX_CONFIG" in line:
                break
        with psycopg.connect(found["database"]) as connection:
            assert connection.execute(
                "SELECT count(*) FROM outbox.target WHERE active_since IS NOT NULL"
            ).fetchone() == (2,)
        with urlopen(found["page"]) as page:
            assert page.status == 200
        monkeypatch.setenv("OUTBOX_CONFIG", found["settings"])
        assert "relay " in shell("status").out
        assert shell("verify").code == 0
        assert end(process, signal.SIGINT) == 130
    assert not Path(re.findall(r"host=([^&]+)", found["database"])[0]).exists()
    assert not Path(found["settings"]).exists()
