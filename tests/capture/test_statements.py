"""Every kind of statement that an application may use: what changes is named, what does not change is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from outbox import embedded, install
from outbox.errors import InstallError
from outbox.install.surroundings import look_around
from tests.capture.covering import Connection
from tests.capture.following import check, define, lower_limit

TABLES = """
    CREATE TABLE companies (code text PRIMARY KEY, name text, note text, CHECK (name <> 'impossible'));
    CREATE TABLE centres (
        company text NOT NULL REFERENCES companies ON UPDATE CASCADE ON DELETE CASCADE,
        code text NOT NULL,
        kind text,
        description text,
        amount numeric,
        PRIMARY KEY (company, code)
    );
    CREATE TABLE kinds (code text PRIMARY KEY, colour text);
    ALTER TABLE centres ADD FOREIGN KEY (kind) REFERENCES kinds ON UPDATE CASCADE ON DELETE SET NULL;
    CREATE VIEW red_centres AS SELECT company, code, description FROM centres WHERE kind = 'red' WITH CHECK OPTION;
    CREATE FUNCTION rename_all(new text) RETURNS void LANGUAGE sql AS 'UPDATE src.centres SET description = new';
    CREATE VIEW both_tables AS SELECT co.code, co.name, k.code AS kind FROM companies co CROSS JOIN kinds k;
    CREATE FUNCTION write_both() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE src.companies SET name = NEW.name WHERE code = NEW.code;
        UPDATE src.kinds SET colour = NEW.name WHERE code = NEW.kind;
        RETURN NEW;
    END $$;
    CREATE TRIGGER instead INSTEAD OF UPDATE ON both_tables FOR EACH ROW EXECUTE FUNCTION write_both();
    INSERT INTO kinds VALUES ('red', 'r'), ('blue', 'b');
    INSERT INTO companies VALUES ('a', 'A'), ('b', 'B'), ('c', 'C');
    INSERT INTO centres VALUES ('a', '1', 'red', 'x', 1), ('a', '2', 'blue', 'y', 1.0), ('b', '1', 'red', 'z', 2);
"""
VIEW = """
    CREATE VIEW visma_net.cost_centres AS
    SELECT ce.company AS company_code, ce.code AS cost_centre_code,
           ce.description || ce.amount || co.name AS description, k.colour IS NOT NULL AS active
    FROM centres ce JOIN companies co ON co.code = ce.company LEFT JOIN kinds k ON k.code = ce.kind
"""


@pytest.fixture
def written(connection: Connection) -> Connection:
    define(connection, TABLES, VIEW)
    return connection


def messages(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT operation, key, via -> 'start' FROM outbox.message ORDER BY id").fetchall()


# With the number of keys that it changes.
CHANGING = {
    "INSERT": ("INSERT INTO centres VALUES ('c', '9', NULL, 'new', 3)", 1),
    "INSERT of many rows": ("INSERT INTO centres SELECT 'c', n, 'red', 'n', n FROM generate_series(1, 5) AS n", 5),
    "INSERT RETURNING": ("INSERT INTO centres VALUES ('c', '9', NULL, 'new', 3) RETURNING code", 1),
    "UPDATE": ("UPDATE centres SET description = 'changed' WHERE company = 'a'", 2),
    "UPDATE of a key column": ("UPDATE centres SET code = code || 'x'", 6),
    "UPDATE of a join column": ("UPDATE centres SET company = 'c' WHERE company = 'a'", 4),
    "UPDATE FROM": ("UPDATE centres SET description = k.colour FROM kinds k WHERE k.code = kind", 3),
    "UPDATE of the table joined": ("UPDATE companies SET name = 'changed' WHERE code = 'a'", 2),
    "UPDATE of an outer joined table": ("UPDATE kinds SET colour = NULL WHERE code = 'red'", 2),
    "UPDATE to a value that only the type's = calls equal": ("UPDATE centres SET amount = 1.00 WHERE code = '2'", 1),
    "DELETE": ("DELETE FROM centres WHERE code = '1'", 2),
    "DELETE USING": ("DELETE FROM centres USING kinds k WHERE k.code = kind AND k.colour = 'r'", 2),
    "TRUNCATE": ("TRUNCATE centres", 3),
    "TRUNCATE CASCADE": ("TRUNCATE companies CASCADE", 3),
    "INSERT ON CONFLICT DO UPDATE": (
        "INSERT INTO centres VALUES ('a', '1', 'red', 'again', 1), ('c', '1', 'red', 'new', 1)"
        " ON CONFLICT (company, code) DO UPDATE SET description = excluded.description",
        2,
    ),
    "INSERT ON CONFLICT DO NOTHING": (
        "INSERT INTO centres VALUES ('a', '1', 'red', 'again', 1), ('c', '1', 'red', 'new', 1) ON CONFLICT DO NOTHING",
        1,
    ),
    "a cascade of a key": ("UPDATE companies SET code = 'z' WHERE code = 'a'", 4),
    "a cascade of a DELETE": ("DELETE FROM companies WHERE code = 'a'", 2),
    "a cascade that sets null": ("DELETE FROM kinds WHERE code = 'red'", 2),
    "a cascade into a column that is not shown": ("UPDATE kinds SET code = 'rood' WHERE code = 'red'", 0),
    "a writable CTE": (
        "WITH gone AS (DELETE FROM centres WHERE company = 'a' RETURNING *),"
        " named AS (UPDATE companies SET name = 'changed' WHERE code = 'b')"
        " INSERT INTO centres SELECT 'c', code, kind, description, amount FROM gone",
        5,
    ),
    "a view": ("UPDATE red_centres SET description = 'by the view' WHERE company = 'a'", 1),
    "INSERT into a view with a trigger": ("UPDATE both_tables SET name = 'q' WHERE code = 'b' AND kind = 'red'", 1),
    "a function": ("SELECT rename_all('by the function')", 3),
    "DO": ("DO $$ BEGIN UPDATE src.centres SET description = 'done' WHERE code = '2'; END $$", 1),
    "several in one string": (
        "UPDATE centres SET description = 'one' WHERE company = 'a'; DELETE FROM centres WHERE company = 'b'",
        3,
    ),
    "EXECUTE": ("PREPARE change AS UPDATE centres SET description = 'p' WHERE code = '1'; EXECUTE change", 2),
}


@pytest.mark.parametrize("kind", CHANGING)
def test_what_changes_is_named(written: Connection, kind: str) -> None:
    """Whatever the statement, the keys whose rows differ afterwards."""
    statement, count = CHANGING[kind]
    assert check(written, statement) == count


@pytest.mark.parametrize("kind", CHANGING)
def test_of_many_keys_some_are_named_and_everything_is(written: Connection, kind: str) -> None:
    """A statement that reaches the limit names that many keys, and then everything, so none is missed."""
    lower_limit(written, 2)
    statement, count = CHANGING[kind]
    assert check(written, statement) == count


def test_a_hundred_thousand_rows_write_ten_thousand_messages_and_one(written: Connection) -> None:
    """The limit as installed: the writer pays for no more, whatever his statement."""
    written.execute("INSERT INTO centres SELECT 'c', n, NULL, 'n', n FROM generate_series(1, 100000) AS n")
    found = messages(written)
    assert (len(found), found[-1][:2]) == (10_001, ("INSERT", []))
    written.execute("UPDATE centres SET description = 'm' WHERE company = 'c' AND amount < 10000")
    assert len(messages(written)) == 10_001 + 9_999


MERGE = """
    MERGE INTO centres AS c
    USING (VALUES ('a', '1', 'merged'), ('b', '1', NULL), ('c', '7', 'new')) AS n (company, code, text)
    ON c.company = n.company AND c.code = n.code
    WHEN MATCHED AND n.text IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET description = n.text
    WHEN NOT MATCHED THEN INSERT VALUES (n.company, n.code, 'red', n.text, 1)
"""


def test_merge(written: Connection) -> None:
    """One statement that inserts, updates and deletes."""
    assert check(written, MERGE) == 3
    assert sorted(m[:2] for m in messages(written)) == [
        ("DELETE", ["b", "1"]),
        ("INSERT", ["c", "7"]),
        ("UPDATE", ["a", "1"]),
    ]


def test_copy(written: Connection) -> None:
    """One message for each row, by one statement."""
    with written.cursor().copy("COPY centres FROM STDIN") as copy:
        copy.write("c\t1\tred\tcopied\t1\nc\t2\t\\N\tcopied\t2\n")
    assert [m[:2] for m in messages(written)] == [("INSERT", ["c", "1"]), ("INSERT", ["c", "2"])]


NOT_CHANGING = {
    "an UPDATE that touches no row": "UPDATE centres SET description = 'x' WHERE false",
    "a DELETE that touches no row": "DELETE FROM centres WHERE company = 'nobody'",
    "an INSERT of no row": "INSERT INTO centres SELECT * FROM centres WHERE false",
    "an INSERT that is in conflict": "INSERT INTO centres VALUES ('a', '1') ON CONFLICT DO NOTHING",
    "a MERGE that does nothing": "MERGE INTO centres AS c USING kinds AS k ON c.code = k.code"
    " WHEN MATCHED THEN UPDATE SET description = 'x' WHEN NOT MATCHED THEN DO NOTHING",
    "an UPDATE of no used column": "UPDATE companies SET note = 'changed'",
    "an UPDATE to the same values": "UPDATE centres SET description = description, company = company",
    "a SELECT FOR UPDATE": "SELECT * FROM centres FOR UPDATE",
    "what is rolled back": "BEGIN; DELETE FROM centres; ROLLBACK",
}


@pytest.mark.parametrize("kind", NOT_CHANGING)
def test_what_changes_nothing_writes_nothing(written: Connection, kind: str) -> None:
    """No message, so no work for anybody."""
    written.execute(NOT_CHANGING[kind].encode())
    assert messages(written) == []


def test_savepoints(written: Connection) -> None:
    """What is rolled back to a savepoint was never written; what comes before and after it was."""
    with written.transaction():
        written.execute("DELETE FROM centres WHERE company = 'b'")
        with pytest.raises(psycopg.errors.CheckViolation), written.transaction():
            written.execute("UPDATE centres SET description = 'lost'; UPDATE companies SET name = 'impossible'")
        written.execute("UPDATE centres SET description = 'kept' WHERE code = '2'")
    assert [m[:2] for m in messages(written)] == [("DELETE", ["b", "1"]), ("UPDATE", ["a", "2"])]


def test_a_row_that_changes_and_changes_back(written: Connection) -> None:
    """Each statement by itself writes; the relay finds that nothing is left to do."""
    assert check(written, "UPDATE centres SET description = 'q'; UPDATE centres SET description = 'x'") == 2


def test_an_update_that_fails_writes_nothing(written: Connection) -> None:
    """The messages are part of the transaction."""
    with pytest.raises(psycopg.errors.UniqueViolation):
        written.execute("INSERT INTO companies VALUES ('a')")
    assert messages(written) == []


@pytest.fixture(scope="module")
def preparing() -> Iterator[str]:
    """A server that allows prepared transactions, which most do not."""
    with embedded.running(options={"max_prepared_transactions": "2", "fsync": "off"}) as dsn:
        yield dsn


def test_prepared_transactions(preparing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture does not keep a transaction from being prepared, also while a relay sleeps; at COMMIT PREPARED it is
    there. One that was forgotten is named by check, and by an install that it is in the way of.
    """
    from tests.conftest import fill_outbox

    monkeypatch.setattr("outbox.install.steps.LOCK_ATTEMPTS", 1)
    monkeypatch.setattr("outbox.install.surroundings.LONG_TRANSACTION_S", 0)

    with psycopg.connect(preparing) as filling:
        fill_outbox(filling)
        filling.execute("CREATE SCHEMA visma_net; CREATE SCHEMA src")
    with psycopg.connect(preparing, autocommit=True) as writer:
        define(writer, TABLES, VIEW)
        writer.execute("INSERT INTO outbox.bell (holder) VALUES ('asleep'); DROP TRIGGER outbox_delete ON src.centres")
        writer.execute("BEGIN; UPDATE src.centres SET description = 'two-phase' WHERE code = '2'")
        writer.execute("PREPARE TRANSACTION 'one'")
        assert messages(writer) == []
        assert "the prepared transaction one" in [f.what for f in look_around(writer)]
        with pytest.raises(InstallError, match=r"locked .* by the prepared transaction one of postgres"):
            install.apply(writer, install.plan(writer))
        assert check(writer, "COMMIT PREPARED 'one'") == 1
