"""outbox sandbox: serves, writes the settings that lead to it, and says what is wrong."""

from __future__ import annotations

import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from outbox.config import load
from tests.cli.conftest import Shell, end, started


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_serves_and_writes_settings(folder: Path) -> None:
    """The file can be read by its owner alone, leads to the server, and may be written again."""
    for _ in range(2):
        with started("sandbox", "--port", "0", "--write", "outbox.toml", "--state", "clouds.json") as process:
            assert process.stdout
            assert process.stdout.readline() == "settings are in outbox.toml\n"
            base_url = process.stdout.readline().split()[4]
            with urllib.request.urlopen(f"{base_url}/sandbox/state") as answer:
                assert answer.status == 200
            assert load(env={}).targets["visma_net"].token_url.startswith(base_url)
            assert (folder / "outbox.toml").stat().st_mode & 0o777 == 0o600
            assert end(process, signal.SIGINT) == 130
    assert (folder / "clouds.json").exists()


def test_port_in_use(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = shell("sandbox", "--port", str(taken.getsockname()[1]), "--write", "outbox.toml")
    assert result.code == 78
    assert "Address already in use" in result.err
    assert not Path("outbox.toml").exists()


def test_settings_of_another_hand_are_kept(shell: Shell) -> None:
    Path("outbox.toml").write_text('dsn = "postgresql://host/db"\n')
    result = shell("sandbox", "--port", "0", "--write", "outbox.toml")
    assert result.code == 78
    assert "was not written by `outbox sandbox`" in result.err
    assert Path("outbox.toml").read_text() == 'dsn = "postgresql://host/db"\n'


def test_settings_that_cannot_be_written(shell: Shell) -> None:
    """A folder that is not there, or not ours: no fault of the program."""
    result = shell("sandbox", "--port", "0", "--write", "nowhere/outbox.toml")
    assert result.code == 78
    assert "nowhere/outbox.toml cannot be written: No such file or directory" in result.err


def test_wrong_port(shell: Shell) -> None:
    assert shell("sandbox", "--port", "http").code == 2
    assert shell("sandbox", "--port", "70000").code == 2
