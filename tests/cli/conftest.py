"""A database, both clouds, and the command line, as a person at the shell has them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import outbox
from outbox import sandbox
from outbox.cli import following, run
from outbox.cli.sandbox import settings_text
from tests.lane import forget_recheck

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Shell = Callable[..., Result]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs one command in an empty folder, with nothing to type into: shell("status", "--json")."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith("OUTBOX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C")  # else a Dutch machine speaks Dutch
    monkeypatch.setattr(following, "STALLED_AFTER_S", 120.0)  # a relay at work may be slow

    def command(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(arguments)
        return Result(code, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def aside() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def clouds(aside: Executor) -> Iterator[str]:
    """The base URL of a sandbox that holds nothing, and that no call of another test can reach. Nobody waits for its
    end, which takes a sixth of a second.
    """
    with ExitStack() as stack:
        yield stack.enter_context(sandbox.running())
        aside.submit(stack.pop_all().close)


@pytest.fixture
def site(shell: Shell, database: str, clouds: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The reference database, settings that lead to it and to the clouds; nothing registered yet."""
    monkeypatch.setenv("OUTBOX_DSN", database)
    write_settings(settings_text(clouds))
    with psycopg.connect(database, autocommit=True) as connection:
        forget_recheck(connection)
        yield connection


def write_settings(text: str) -> None:
    """outbox.toml of the working directory."""
    path = Path("outbox.toml")
    path.write_text(text)
    path.chmod(0o600)


@contextmanager
def started(*arguments: str, log_to: Path | None = None, program: str = "outbox") -> Iterator[subprocess.Popen[str]]:
    """The same command as a process of its own; it is gone after the block. Its log goes to a file: a pipe that
    nobody reads would stop it.
    """
    command = [sys.executable, "-m", program, *arguments]
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1])}
    with (
        log_to.open("w") if log_to else tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def on_a_terminal(*arguments: str, typed: str = "", **variables: str) -> tuple[int, str]:
    """Runs one command in a pseudo-terminal; answers its exit code and all that a person sees. typed: what he enters,
    once he is asked.
    """
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1]), "TERM": "xterm", **variables}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "outbox", *arguments]
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while part := _read(ours):
            seen += part
            if typed and seen.endswith(b": "):
                os.write(ours, f"{typed}\n".encode())
                typed = ""
    os.close(ours)
    return process.returncode, seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal ends
        return b""


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Its exit code after a signal. The demo's server waits for others on the machine that start or stop just then."""
    process.send_signal(number)
    return process.wait(timeout=120)
