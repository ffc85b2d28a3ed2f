"""Whose outbox this is: that of this very database, or of one that it was restored or copied from."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from outbox import sqlfiles
from outbox.database import Connection, deciding


@dataclass(frozen=True)
class Identity:
    """name: of the database. same_*: where it is now, compared with where it belongs. is_off: outbox.capture_off()."""

    name: str
    is_home: bool
    is_off: bool
    same_cluster: bool
    same_database: bool

    def describe(self) -> str:
        """In words, as the end of a sentence about the outbox."""
        if self.is_home:
            return "belongs to it"
        if not self.same_cluster:
            return "belongs to a database of another cluster: restored or copied, or the server was upgraded"
        if not self.same_database:
            return "belongs to another database of this cluster: restored or copied"
        return "was restored from a dump into the database it belongs to"


def read_identity(connection: Connection) -> Identity:
    with connection.cursor(row_factory=class_row(Identity)) as cursor:
        found = cursor.execute(sqlfiles.read("status/identity.sql")).fetchone()
    return found or Identity("", False, False, False, False)


def adopt(connection: Connection, why: str | None) -> bool:
    """From now on it belongs to this database; False: it did already."""
    with deciding(connection):
        row = connection.execute(sqlfiles.read("status/adopt.sql"), {"why": why}).fetchone()
    return bool(row and row[0])
