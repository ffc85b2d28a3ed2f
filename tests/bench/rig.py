"""What the benchmarks share: a server, the reference schema with capture, a sink, and a relay that sends to it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from outbox import embedded, install, sqlfiles

COMPANY = "001"
ADMINISTRATION = "A001"


@dataclass(frozen=True)
class Sink:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def arrivals(self) -> list[tuple[float, str]]:
        """What came since the last call: (seconds since the epoch, body)."""
        with urllib.request.urlopen(f"{self.url}/arrivals") as answer:
            return [(at, body) for at, body in json.load(answer)]


@contextmanager
def sink(delay_ms: int = 0) -> Iterator[Sink]:
    command = [sys.executable, "-m", "tests.bench.sink", str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Sink(int(process.stdout.readline()))
        finally:
            process.kill()


@contextmanager
def database(*, companies: int = 1) -> Iterator[str]:
    """With the triggers; companies that Visma.net holds already, all licences, no projects."""
    with embedded.running(options={"max_connections": "50"}) as dsn:
        with psycopg.connect(dsn) as connection:
            for name in ("reference/schema.sql", "views/visma_net.sql"):
                connection.execute(sqlfiles.read(name))
            run(connection, "companies", companies=companies)
        with psycopg.connect(dsn) as connection:
            install.apply(connection, install.plan(connection))
            run(connection, "held_companies")
        yield dsn


def run(connection: psycopg.Connection, name: str, **parameters: int) -> None:
    """The statements of a file beside this one."""
    text = (Path(__file__).parent / f"{name}.sql").read_text()
    psycopg.ClientCursor(connection).execute(text.encode(), parameters or None)


@contextmanager
def relay(dsn: str, to: Sink, concurrency: int = 16) -> Iterator[subprocess.Popen[bytes]]:
    """`outbox relay` for Visma.net as an administrator runs it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "outbox.toml")
        settings.write_text(
            f'[visma_net]\nidentity_url = "{to.url}/identity"\nerp_url = "{to.url}/erp"\n'
            f'token_url = "{to.url}/token"\nclient_id = "bench"\nclient_secret = "bench"\n'
            f"concurrency = {concurrency}\ncompany_concurrency = {concurrency}\n"
            '[visma_net.defaults]\ntemplate = "STD"\n'
        )
        settings.chmod(0o600)
        command = [sys.executable, "-m", "outbox", "relay"]
        environment = {"OUTBOX_CONFIG": str(settings), "OUTBOX_DSN": dsn, "PATH": "/usr/bin:/bin"}
        with (
            Path(folder, "relay.log").open("w+") as log,
            subprocess.Popen(command, env=environment, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                if process.poll() is not None:
                    log.seek(0)
                    print(log.read()[-2000:], file=sys.stderr)
                process.terminate()
                process.wait(30)


def wait_for(sink: Sink, count: int, relay: subprocess.Popen[bytes]) -> list[tuple[float, str]]:
    """The first `count` arrivals; fewer when the relay ends or two minutes pass."""
    arrived: list[tuple[float, str]] = []
    until = time.monotonic() + 120
    while len(arrived) < count and relay.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
        arrived += sink.arrivals()
    assert len(arrived) >= count, f"{len(arrived)} of {count} arrived"
    return arrived
