"""pgbouncer in transaction mode before a server of the tests, where its program is on the machine."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_idle_timeout = 2
admin_users = nobody
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooled(dsn: str, folder: Path) -> Iterator[str]:
    """The same database through a pooler."""
    assert PROGRAM
    given = conninfo_to_dict(dsn)
    own_port = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        CONFIG.format(host=given["host"], port=given.get("port", 5432), own_port=own_port, folder=folder).replace(
            "* = ", f"* = user={given.get('user', 'postgres')} "
        )
    )
    command = [PROGRAM, *_as_somebody(folder, str(given["host"])), str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            through = make_conninfo(
                dbname=given["dbname"], user=given.get("user", "postgres"), host="127.0.0.1", port=own_port
            )
            _wait_for(through)
            yield through
        finally:
            process.terminate()


def _as_somebody(folder: Path, server: str) -> list[str]:
    """It does not run as root."""
    if os.geteuid() != 0:
        return []
    somebody = Path(server).owner()  # its socket is in its data folder, which is closed to others
    for path in (folder, *folder.parents):
        if path == Path("/tmp"):
            break
        with suppress(PermissionError):
            path.chmod(0o755)
    shutil.chown(folder, somebody)
    return ["-u", somebody]


def free_port() -> int:
    """Below those that the system gives to any connection: nobody has it before it is wanted."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port


def _wait_for(dsn: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(dsn, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.05)
