"""outbox config: every setting, where its value comes from, and never a secret."""

from __future__ import annotations

import json

import pytest

from outbox.config import variables
from tests.cli.conftest import Shell, write_settings

TEXT = """
dsn = "postgresql://beheer:hunter2@db.example.nl/av?sslpassword=hunter3"
lease_s = 30
[visma_net]
client_id = "ons-kantoor"
client_secret = "user=hunter4"
[visma_net.companies.001]
template = "STD"
"""


def test_every_setting_is_there(shell: Shell) -> None:
    """As many as there are variables, and those of companies; without any file, all are the default."""
    lines = json.loads(shell("config", "--json").out)
    named = {f"OUTBOX_{line['name'].replace('.', '_').upper()}" for line in lines if ".defaults." not in line["name"]}
    assert named == set(variables())
    assert {line["origin"] for line in lines} == {"default"}
    assert all(line["help"] for line in lines)


def test_origin_of_each(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """default, the file, or the variable, which goes before the file."""
    write_settings(TEXT)
    monkeypatch.setenv("OUTBOX_LEASE_S", "40")
    lines = {line["name"]: line for line in json.loads(shell("config", "--json").out)}
    for name, value, origin in (
        ("lease_s", 40.0, "OUTBOX_LEASE_S"),
        ("visma_net.client_id", "ons-kantoor", "outbox.toml"),
        ("visma_net.companies.001.template", "STD", "file"),
        ("attempts", 12, "default"),
        ("visma_net.defaults.template", None, "default"),
    ):
        assert (lines[name]["value"], lines[name]["origin"]) == (value, origin)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_secret_is_shown(shell: Shell, options: tuple[str, ...]) -> None:
    """Neither that of a client, though it looks like a connection string, nor the passwords in one."""
    write_settings(TEXT)
    shown = shell("config", *options)
    assert shown.code == 0
    assert "hunter" not in shown.out + shown.err
    assert "db.example.nl" in shown.out
    assert "***" in shown.out


def test_as_a_table(shell: Shell) -> None:
    """One line each; what is not set is a dash."""
    lines = {line.split()[0]: line for line in shell("config").out.splitlines()}
    assert lines["dsn"].split()[1:3] == ["-", "default"]
    assert lines["visma_net.deadline_s"].split()[1:] == ["10.0", "default", "time", "for", "one", "call"]


def test_a_wrong_file(shell: Shell) -> None:
    """The sentence, where to look, and nothing that would not be used."""
    write_settings("lease_s = 'long'")
    result = shell("config")
    assert (result.code, result.out) == (78, "")
    assert "lease_s has a wrong value; expected: a number of at least 1" in result.err
    assert "try: outbox help settings" in result.err
