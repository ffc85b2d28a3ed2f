"""The only module that knows where sql/ and migrations/ are: in a checkout, or inside the wheel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PACKED = _HERE / "_files"
_ROOT = _PACKED if _PACKED.is_dir() else _HERE.parent


def path(name: str) -> Path:
    """A file or folder under sql/, e.g. path("reference/schema.sql")."""
    return _ROOT / "sql" / name


@cache
def read(name: str) -> str:
    """The text of a file under sql/, e.g. read("relay/claim.sql")."""
    return path(name).read_text(encoding="utf-8")


@cache
def statement(name: str) -> str:
    """The text of a file without its lines of comment, for what is run again and again: psycopg keeps what it has
    parsed only of texts that are short (4 KiB).
    """
    return re.sub(r"(?m)^\s*--.*\n", "", read(name))


def migrations() -> list[tuple[int, str, str]]:
    """(version, name, text) of every migration, in order."""
    files = sorted((_ROOT / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(f.name[:4]), f.stem[5:], f.read_text(encoding="utf-8")) for f in files]
