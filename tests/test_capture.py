"""A view and its tables; what a changed row of each writes. To be read by a DBA: tests/fixtures/capture/*.sql

Each case is a comment, the SQL, and `-- =>` with what is expected. After a change on purpose:
OUTBOX_UPDATE=1 python -m pytest tests/test_capture.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox.capture.catalogue import pin_settings, read_catalogue, with_definitions
from outbox.capture.chains import Chain
from outbox.capture.describe import header, notes
from outbox.capture.writes import Write, derive_writes
from outbox.resources import RESOURCES
from tests.conftest import Server

FOLDER = Path(__file__).parent / "fixtures" / "capture"
MARK = "-- =>"


def cases(file: Path) -> list[str]:
    """Blocks of a file, apart by an empty line."""
    return re.split(r"\n\n(?=-- )", file.read_text(encoding="utf-8").strip())


CASES = [(f, n) for f in sorted(FOLDER.glob("*.sql")) for n in range(len(cases(f)))]


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[str]:
    """One without any object; what a test makes there is rolled back."""
    with server.cloned() as dsn:
        yield dsn


@pytest.mark.parametrize(("file", "number"), CASES, ids=[f"{f.stem}-{n}" for f, n in CASES])
def test_what_is_written(database: str, file: Path, number: int) -> None:
    """Prefixes, chains and warnings are those that the file shows."""
    sql, _, expected = cases(file)[number].partition(MARK)
    with psycopg.connect(database) as connection:
        found = described(connection, sql)
        connection.rollback()
    if os.environ.get("OUTBOX_UPDATE"):
        blocks = cases(file)
        blocks[number] = f"{sql.strip()}\n{MARK}\n{found}"
        file.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    else:
        assert found == expected.strip()


def described(connection: psycopg.Connection, sql: str) -> str:
    """The comments of the generated functions, and the notes of the install."""
    connection.execute("CREATE SCHEMA src; CREATE SCHEMA visma_net; CREATE SCHEMA accountview_net")
    connection.execute("SET search_path = src")
    connection.execute(sql)
    pin_settings(connection)
    catalogue = with_definitions(connection, read_catalogue(connection))
    writes = [w for view in catalogue.desired() for w in derive_writes(catalogue, view)]
    assert all(bool(w.why) == (w.wording.names(w.resource) != {*RESOURCES[w.resource].key}) for w in writes)
    by_table: dict[str, list[Write]] = {}
    for w in writes:
        by_table.setdefault(w.table.name, []).append(w)
    chains: dict[Chain, str] = {w.wording.chain: w.wording.chain.name for w in writes if w.wording.chain}
    lines = [line for name in sorted(by_table) for line in header(by_table[name], chains).splitlines()]
    lines = [line for line in lines if line != "--"]
    return "\n".join([*lines, *(f"-- Note: {n}." for coarse in (True, False) for n in notes(writes, coarse=coarse))])
