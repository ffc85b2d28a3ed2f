"""sql/triggers shows what install generates for the reference schema, so that a DBA can read it beforehand.

After a change of the views or of the generator: OUTBOX_UPDATE=1 python -m pytest tests/test_triggers.py
"""

from __future__ import annotations

import os

import psycopg

from outbox import sqlfiles
from outbox.capture.catalogue import pin_settings, read_catalogue, with_definitions
from outbox.capture.wanted import derive

FOLDER = sqlfiles.path("triggers")


def test_the_files_are_what_install_generates(database: str) -> None:
    """One file for each source table of the reference schema, and one for the functions that follow chains."""
    with psycopg.connect(database) as connection:
        pin_settings(connection)
        catalogue = with_definitions(connection, read_catalogue(connection))
        files = derive(connection, catalogue).files()
    if os.environ.get("OUTBOX_UPDATE"):
        for old in FOLDER.glob("*.sql"):
            old.unlink()
        for name, text in files.items():
            (FOLDER / f"{name}.sql").write_text(text, encoding="utf-8")
    assert {f.stem: f.read_text(encoding="utf-8") for f in FOLDER.glob("*.sql")} == files


def test_no_line_is_too_long_to_read() -> None:
    """The files are for people."""
    lines = [line for f in FOLDER.glob("*.sql") for line in f.read_text(encoding="utf-8").splitlines()]
    assert max(map(len, lines)) <= 120
