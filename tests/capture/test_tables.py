"""Tables of every kind: names that need care, no key, parts of other tables, generated columns."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from outbox import install
from outbox.install import drift
from outbox.resources import RESOURCES
from tests.capture.covering import Connection
from tests.capture.following import check, define
from tests.capture.schemas import CASE_BLIND
from tests.lane import eventually

VIEW = (
    "CREATE VIEW visma_net.cost_centres AS SELECT company AS company_code, code AS cost_centre_code, description,"
    " true AS active FROM centres"
)
COLUMNS = "company text NOT NULL, code text NOT NULL, description text"


def messages(connection: Connection) -> list[Any]:
    """The keys of all messages, in order; None for a chain."""
    return [row[0] for row in connection.execute("SELECT key FROM outbox.message ORDER BY id")]


NAMES = {
    "quotes": ('"Bron Data"', '"Kosten Plaatsen"', '"Bedrijf"', '"na""am"'),
    "reserved words": ('"select"', '"table"', '"order"', '"user"'),
    "no ASCII": ('"über"', '"Überzicht €"', '"été"', '"名"'),
    "colon, percent, brace, backslash": ('"a:b"', '"100%s"', '"{x}"', '"\\\\d"'),
    "our own": ("outbox_", "changed_rows", "start", "anchor"),
    "of plpgsql": ("found", "new", "tg_op", "written"),
    "of records": ("pg", "old_rows", "r", "n"),
    "dollars": ('"$outbox$"', '"$outbox$"', '"$1"', '"$outbox$"'),
    "line breaks": ('"twee\nregels"', '"a\n\n  b@table"', '"c\r\n-- d"', '"e\\\\\n"'),
    "very long": ("s" * 63, "t" * 63, "c" * 63, "d" * 63),
}


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without"])
@pytest.mark.parametrize("kind", NAMES)
def test_names_that_need_care(connection: Connection, kind: str, keyed: bool) -> None:
    """Of schemas, tables and columns; joined by a chain, so that they stand in every generated statement."""
    schema, table, one, two = NAMES[kind]
    other = f"{schema}.other"
    ddl = (
        f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
        f" CREATE TABLE {schema}.{table} ({one} text, {two} text{f', PRIMARY KEY ({one})' if keyed else ''});"
        f" CREATE TABLE {other} ({one} text, {two} text{f', PRIMARY KEY ({one}, {two})' if keyed else ''})"
    )
    view = (
        f"CREATE VIEW visma_net.cost_centres AS SELECT o.{one} AS company_code, t.{one} AS cost_centre_code,"
        f" t.{two} AS description, true AS active FROM {schema}.{table} AS t JOIN {other} AS o ON o.{two} = t.{one}"
    )
    define(connection, ddl, view)
    try:
        assert check(
            connection,
            f"INSERT INTO {other} VALUES ('c', 'x'), ('d', 'x'), ('c', 'y')",
            f"INSERT INTO {schema}.{table} VALUES ('x', '1'), ('y', '2')",
            f"UPDATE {schema}.{table} SET {two} = 'changed'",
            f"UPDATE {schema}.{table} SET {one} = 'z' WHERE {one} = 'y'",
            f"DELETE FROM {other} WHERE {one} = 'c'",
            f"TRUNCATE {schema}.{table}",
        )
        assert install.check(connection) == []
    finally:
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def test_temporary_tables_and_functions_of_our_names(connection: Connection) -> None:
    """What a session has of its own in pg_temp hides nothing of what capture uses."""
    define(connection, f"CREATE TABLE centres ({COLUMNS}, PRIMARY KEY (company, code))", VIEW)
    connection.execute("""
        CREATE TEMP TABLE old_rows (x int); CREATE TEMP TABLE new_rows (x int); CREATE TEMP TABLE changed_rows (x int);
        CREATE TEMP TABLE message (x int); CREATE TEMP TABLE centres (x int); CREATE TEMP TABLE bell (x int);
        CREATE DOMAIN pg_temp.text AS integer;
        CREATE FUNCTION pg_temp.coalesce_(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
        SET search_path = pg_temp, src
    """)
    assert check(
        connection,
        "INSERT INTO src.centres VALUES ('a', '1'), ('b', '2')",
        "UPDATE src.centres SET description = 'x'",
        "UPDATE src.centres SET code = '3' WHERE code = '1'",
        "DELETE FROM src.centres",
    )


PARTITIONED = f"""
    CREATE TABLE centres ({COLUMNS}, PRIMARY KEY (company, code)) PARTITION BY LIST (company);
    CREATE TABLE part_a PARTITION OF centres FOR VALUES IN ('a');
    CREATE TABLE part_rest PARTITION OF centres DEFAULT PARTITION BY HASH (code);
    CREATE TABLE part_1 PARTITION OF part_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE part_2 PARTITION OF part_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""


def test_partitions(connection: Connection) -> None:
    """Written through the table, through each of its parts at every depth, and moved from one to the other."""
    define(connection, PARTITIONED, VIEW)
    assert check(
        connection,
        "INSERT INTO centres VALUES ('a', '1', 'x'), ('b', '1', 'x'), ('b', '2', 'x'), ('c', '3', 'x')",
        "INSERT INTO part_a VALUES ('a', '2', 'x')",
        "INSERT INTO part_rest VALUES ('d', '4', 'x')",
        "UPDATE part_rest SET description = 'y'",
        "UPDATE centres SET company = 'b', code = '9' WHERE company = 'a' AND code = '1'",
        "UPDATE part_rest SET code = code || '0'",
        "DELETE FROM part_a",
        "DELETE FROM centres WHERE company = 'b'",
        "TRUNCATE part_rest",
    )


def test_rows_that_a_merge_moves(connection: Connection) -> None:
    """PostgreSQL shows them to no trigger on statements, so where an UPDATE may be one everything is looked at."""
    move = (
        "MERGE INTO {0}.centres AS t USING (VALUES ('{1}'), ('{2}')) AS n (company) ON t.company = n.company"
        " WHEN MATCHED THEN UPDATE SET company = CASE t.company WHEN '{1}' THEN '{2}' ELSE '{1}' END"
    )
    again = "UPDATE centres SET company = 'c' WHERE company = 'd'; EXECUTE moving_on"
    define(connection, PARTITIONED, VIEW)
    connection.execute(
        "INSERT INTO centres VALUES ('a', '1'), ('b', '2');"
        f" CREATE PROCEDURE in_plpgsql() LANGUAGE plpgsql AS $$ BEGIN {move.format('src', 'a', 'c')}; END $$;"
        f" CREATE PROCEDURE in_sql() LANGUAGE sql AS $$ {move.format('src', 'b', 'a')} $$;"
        f" PREPARE moving AS {move.format('src', 'a', 'd')}; PREPARE moving_on AS {move.format('src', 'c', 'd')};"
        " CREATE PROCEDURE plain() LANGUAGE plpgsql AS $$ BEGIN UPDATE centres SET description = code; END $$;"
        ' CREATE PROCEDURE "Plain SQL"() LANGUAGE sql AS $$ UPDATE centres SET description = code || 1 $$;'
        " CREATE PROCEDURE atomic() BEGIN ATOMIC UPDATE src.centres SET description = code || 2; END;"
        f" CREATE PROCEDURE atomic_move() BEGIN ATOMIC {move.format('src', 'd', 'a')}; END;"
        " CREATE TABLE other (a int); CREATE PROCEDURE atomic(int) BEGIN ATOMIC DELETE FROM other; END".encode()
    )
    moves = (
        move.format("src", "a", "b"),
        "CALL in_plpgsql()",
        "CALL in_sql()",
        "EXECUTE moving",
        again,
        "CALL atomic_move()",
    )
    for statement in moves:
        assert check(connection, statement), statement
        assert [] in messages(connection)
        connection.execute("DELETE FROM outbox.message")
    assert check(
        connection,
        "UPDATE centres SET company = 'e'",
        "CALL plain()",
        'CALL "Plain SQL"()',
        "CALL atomic()",
        "WITH n AS (SELECT 1) UPDATE centres SET company = 'a' FROM n",
        "INSERT INTO centres VALUES ('a', '1') ON CONFLICT (company, code) DO UPDATE SET description = 'again'",
    )
    with psycopg.connect(
        connection.info.dsn
    ) as elsewhere:  # a function of the same name is looked at, but no table of it
        elsewhere.execute("LOCK TABLE src.other")
        assert check(connection, "SET lock_timeout = '1s'; CALL atomic()")
    assert [] not in messages(connection)


def test_a_row_that_never_arrives_in_its_new_partition(connection: Connection) -> None:
    """A trigger there keeps it out: the UPDATE deletes it, and has its old image only."""
    keep_out = """
        CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER keep_out BEFORE INSERT ON part_a FOR EACH ROW EXECUTE FUNCTION keep_out();
    """
    define(connection, PARTITIONED + keep_out, VIEW)
    connection.execute("INSERT INTO centres VALUES ('b', '1', 'x')")
    assert check(connection, "UPDATE centres SET company = 'a'") == 1


def test_parts_that_come_and_go(connection: Connection) -> None:
    """ATTACH and DETACH fire no trigger: what they brought or took is found by looking, and rechecked."""
    define(connection, PARTITIONED, VIEW)
    view = ("visma_net", "cost_centres")
    connection.execute(f"CREATE TABLE src.part_z ({COLUMNS}, PRIMARY KEY (company, code)); INSERT INTO src.part_z"
                       " VALUES ('z', '1')".encode())  # fmt: skip
    for change, what in (
        ("ALTER TABLE centres ATTACH PARTITION part_z FOR VALUES IN ('z')", "src.part_z became a part of src.centres"),
        ("ALTER TABLE centres DETACH PARTITION part_z", "src.part_z is no part of src.centres any more"),
        ("ALTER TABLE centres DETACH PARTITION part_rest", "src.part_1 is no part of src.centres any more"),
    ):
        connection.execute(change.encode())
        assert drift.drifted(connection)[view].startswith(what)
        install.apply(connection, install.plan(connection))
        assert drift.drifted(connection) == {}
        assert install.check(connection) == []
        assert check(connection, "INSERT INTO centres VALUES ('a', '1') ON CONFLICT DO NOTHING", "DELETE FROM centres")
    with psycopg.connect(connection.info.dsn) as reader:
        reader.execute("SELECT FROM src.centres")
        canceller = threading.Thread(target=_cancel_while_it_waits, args=[connection])
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("ALTER TABLE centres DETACH PARTITION part_a CONCURRENTLY")
        canceller.join()
    assert drift.drifted(connection)[view] == "src.part_a is no part of src.centres any more"


def _cancel_while_it_waits(connection: Connection) -> None:
    waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(connection.info.dsn, autocommit=True) as other:
        eventually(lambda: other.execute(waits, [connection.info.backend_pid]).fetchone() == (True,))
        connection.cancel()


INHERITED = f"""
    CREATE TABLE centres ({COLUMNS}, PRIMARY KEY (company, code));
    CREATE TABLE more (extra text) INHERITS (centres);
    CREATE TABLE deeper (deepest text) INHERITS (more);
"""


def test_inheriting_tables(connection: Connection) -> None:
    """A primary key counts for one table alone: the same key may stand in a table and in its heirs."""
    define(connection, INHERITED, VIEW)
    assert check(
        connection,
        "INSERT INTO centres VALUES ('a', '1', 'x')",
        "INSERT INTO more VALUES ('a', '1', 'x'), ('b', '1', 'x'), ('b', '1', 'y')",
        "INSERT INTO deeper VALUES ('a', '1', 'y')",
        "UPDATE centres SET description = 'z' WHERE description = 'x'",
        "UPDATE ONLY centres SET code = '2'",
        "UPDATE more SET code = '3' WHERE company = 'b' AND description = 'y'",
        "UPDATE centres SET description = 'same'",
        "DELETE FROM deeper",
        "DELETE FROM centres",
    )


def test_one_of_two_rows_with_the_same_key_moves(connection: Connection) -> None:
    """The old key has one row less, though another row of that key stays as it is."""
    define(connection, INHERITED, VIEW)
    connection.execute("INSERT INTO centres VALUES ('a', '1', 'x'); INSERT INTO more VALUES ('a', '1', 'x')")
    assert (
        check(connection, "UPDATE centres SET code = CASE WHEN tableoid = 'centres'::regclass THEN '2' ELSE '1' END")
        == 2
    )


def test_a_view_of_one_part_only(connection: Connection) -> None:
    """Its rows are also written through the tables that it belongs to, whose rows have fewer columns."""
    ddl = INHERITED + PARTITIONED.replace("centres", "whole")
    view = VIEW.replace("FROM centres", "FROM more WHERE extra IS NOT NULL")
    of_part = VIEW.replace("cost_centres", "cost_types").replace("cost_centre_code", "cost_type_code")
    define(connection, ddl, f"{view}; {of_part.replace('FROM centres', 'FROM part_rest')}")
    connection.execute("INSERT INTO more VALUES ('a', '1', 'x', 'e'), ('b', '1', 'x', NULL)")
    for statement, count in (
        ("UPDATE centres SET description = 'y'", 1),
        ("INSERT INTO whole VALUES ('b', '7', 'x'), ('a', '7', 'x')", 1),
        ("UPDATE whole SET company = 'c' WHERE code = '7' AND company = 'a'", 1),
        ("DELETE FROM centres", 1),
        ("DELETE FROM part_1", None),
        ("DELETE FROM whole", None),
    ):
        changed = check(connection, statement, drift=None)
        assert count is None or changed == count, statement


def test_a_row_that_moves_to_the_part_that_a_view_reads(connection: Connection) -> None:
    """And out of it, by a column that the view does not use."""
    tables = (
        f"CREATE TABLE whole ({COLUMNS}, year int, PRIMARY KEY (year, company, code)) PARTITION BY LIST (year);"
        " CREATE TABLE this PARTITION OF whole FOR VALUES IN (1); CREATE TABLE others PARTITION OF whole DEFAULT"
    )
    define(connection, tables, VIEW.replace("FROM centres", "FROM this"))
    insert = "INSERT INTO whole VALUES ('a', '1', 'x', 1), ('b', '1', 'x', 0)"
    assert check(connection, insert, "UPDATE whole SET year = 1 - year") == 3


def test_columns_of_every_making(connection: Connection) -> None:
    """Identity, stored generated and dropped columns; a default; an array; a column of a composite type, and of that an
    attribute; a function of the row.
    """
    define(
        connection,
        """
        CREATE TYPE place AS (street text, number int);
        CREATE TABLE centres (
            gone text,
            id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            company text DEFAULT 'a',
            code text GENERATED ALWAYS AS (upper(company) || '-' || number) STORED,
            number int, tags text[], address place, also_gone int, shape json
        );
        ALTER TABLE centres DROP COLUMN gone, DROP COLUMN also_gone;
        CREATE FUNCTION twice(centres) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 2 * $1.number;
        """,
        "CREATE VIEW visma_net.cost_centres AS SELECT id AS company_code, code AS cost_centre_code,"
        " tags::text || address::text || shape::text AS description, true AS active FROM centres;"
        " CREATE VIEW visma_net.cost_types AS SELECT id AS company_code, (address).street AS cost_type_code,"
        " c.twice::text AS description, true AS active FROM centres AS c",
    )
    assert check(
        connection,
        "INSERT INTO centres (number, tags, address, shape)"
        " VALUES (1, '{a,b}', '(Dam,1)', '{}'), (2, '{}', '(Dam,2)', '{}')",
        "UPDATE centres SET number = 3 WHERE number = 2",
        "UPDATE centres SET tags = tags || ARRAY['c']",
        "UPDATE centres SET address.number = 5",
        """UPDATE centres SET shape = '{"a" : 1}' WHERE number = 1""",
        "UPDATE centres SET company = DEFAULT, id = id + 10",
        "DELETE FROM centres",
    )


def test_virtual_generated_columns(newest_connection: Connection) -> None:
    """They read as null in a trigger, so the columns that they are made of are watched."""
    assert newest_connection.info.server_version >= 180000
    define(
        newest_connection,
        """
        CREATE TABLE companies (code text PRIMARY KEY, number int,
                                link text GENERATED ALWAYS AS ('L' || number) VIRTUAL);
        CREATE TABLE centres (company text, code text, link text, whole text GENERATED ALWAYS AS (company || code),
                              PRIMARY KEY (company, code));
        """,
        "CREATE VIEW visma_net.cost_centres AS SELECT c.code AS company_code, ce.code AS cost_centre_code,"
        " ce.whole AS description, true AS active FROM centres ce JOIN companies c ON c.link = ce.link;"
        " CREATE VIEW visma_net.cost_types AS SELECT whole AS company_code, code AS cost_type_code,"
        " company AS description, true AS active FROM centres",
    )
    assert check(
        newest_connection,
        "INSERT INTO companies VALUES ('a', 1), ('b', 2)",
        "INSERT INTO centres VALUES ('a', '1', 'L1'), ('a', '2', 'L2')",
        "UPDATE companies SET number = 2",
        "UPDATE companies SET number = 1 WHERE code = 'a'",
        "UPDATE centres SET company = 'q' WHERE code = '1'",
        "UPDATE centres SET link = 'L1'",
        "DELETE FROM centres WHERE code = '1'",
        "DELETE FROM companies",
    )


def test_a_key_may_be_made_of_any_type_a_view_may_have(connection: Connection) -> None:
    """money and the like have no one text form for all sessions: such a cast is not followed."""
    define(
        connection,
        "CREATE TABLE centres (price money NOT NULL, code text NOT NULL, description text)",
        "CREATE VIEW visma_net.cost_centres AS SELECT price::text AS company_code, code AS cost_centre_code,"
        " description, true AS active FROM centres",
    )
    connection.execute("SET lc_monetary = 'C'")
    connection.execute("INSERT INTO centres VALUES (12.5, 'x', NULL)")
    found = connection.execute("SELECT key, via FROM outbox.message").fetchall()
    assert found == [(None, {"key": {"cost_centre_code": "x"}})]
    assert len(RESOURCES["cost_centres"].key) == 2


MADE_OTHERWISE = {
    "a label": ("ALTER TYPE colour RENAME VALUE 'red' TO 'rood'", "the type src.colour is another one than at install"),
    "a label in an array": ("ALTER TYPE shade RENAME VALUE 'x' TO 'z'", "the type src.shade[] is another one"),
    "a label within": ("ALTER TYPE size RENAME VALUE 'big' TO 'large'", "the type src.packs is another one"),
    "an attribute": ("ALTER TYPE place ADD ATTRIBUTE city text CASCADE", "the type src.place is another one"),
    "an expression": ("ALTER TABLE centres ALTER stored SET EXPRESSION AS ('w')", "expression stored of src.c"),
    "a virtual one": ("ALTER TABLE centres ALTER virtual SET EXPRESSION AS (other)", "expression virtual of src.c"),
}


@pytest.mark.parametrize("what", MADE_OTHERWISE)
def test_values_that_change_by_their_definition(newest_connection: Connection, what: str) -> None:
    """No trigger fires: what they are in all rows is found by looking, and mended and rechecked by install."""
    define(
        newest_connection,
        """
        CREATE TYPE colour AS ENUM ('red', 'blue'); CREATE TYPE shade AS ENUM ('x', 'y');
        CREATE TYPE place AS (street text, number int); CREATE TYPE size AS ENUM ('small', 'big');
        CREATE TYPE sizes AS RANGE (subtype = size); CREATE DOMAIN room AS sizes; CREATE TYPE pack AS (inside room);
        CREATE DOMAIN packs AS pack[];
        CREATE TABLE centres (
            company text, code colour, shades shade[], address place, packs packs, other text,
            stored text GENERATED ALWAYS AS ('v' || company) STORED,
            virtual text GENERATED ALWAYS AS ('v' || company) VIRTUAL,
            PRIMARY KEY (company, code)
        );
        INSERT INTO centres (company, code, shades, address) VALUES ('a', 'red', '{x}', '(Dam,1)');
        """,
        "CREATE VIEW visma_net.cost_centres AS SELECT company AS company_code, code AS cost_centre_code,"
        " concat(shades, address, packs, stored, virtual) AS description, true AS active FROM centres",
    )
    change, found = MADE_OTHERWISE[what]
    newest_connection.execute(change.encode())
    assert found in drift.drifted(newest_connection)["visma_net", "cost_centres"]
    assert any(found in f.evidence for f in install.check(newest_connection))
    newest_connection.execute("DELETE FROM outbox.manifest WHERE kind = 'recheck'")
    install.apply(newest_connection, install.plan(newest_connection))
    again = newest_connection.execute("SELECT name FROM outbox.manifest WHERE kind = 'recheck'").fetchall()
    assert again == [("visma_net.cost_centres",)]
    assert drift.drifted(newest_connection) == {}
    assert install.check(newest_connection) == []
    assert check(newest_connection, "UPDATE centres SET other = 'x'") == ("virtual" in what)


RETYPED = {
    "a licence": ("licences", "module", "integer USING 7", "INSERT INTO licences VALUES (8)"),
    "a switch": ("centres", "big", "integer USING 1", "UPDATE centres SET big = 2"),
    "a number": ("centres", "kind", "text", "UPDATE centres SET kind = 'x'"),
    "a day": ("centres", "day", "text", "INSERT INTO centres (company, code, day) VALUES ('q', 'q', 'never')"),
    "a key": ("centres", "code", "integer USING code::integer", "UPDATE centres SET code = 2"),
    "a join column": ("centres", "company", "integer USING 1", "UPDATE centres SET company = 3"),
    "an identity": ("centres", "who", "bytea USING NULL", "UPDATE centres SET who = 'x'"),
}


@pytest.mark.parametrize("what", RETYPED)
def test_a_retyped_column_breaks_no_application(connection: Connection, what: str) -> None:
    """Not even one that the view compares with a constant: what its function cannot read any more is rechecked."""
    define(
        connection,
        "CREATE TABLE centres (company text, code text, kind int, big boolean, day date, who uuid,"
        " PRIMARY KEY (company, code)); CREATE TABLE licences (module text PRIMARY KEY);"
        " INSERT INTO centres VALUES ('1', '1', 1, true, '2026-01-01')",
        "CREATE VIEW visma_net.cost_centres AS SELECT company AS company_code, code AS cost_centre_code,"
        " who::text AS description, big AS active FROM centres WHERE kind IN (1, 2) AND big AND day = '2026-01-01'"
        " AND who = '00000000-0000-0000-0000-000000000001'"
        " AND EXISTS (SELECT FROM licences WHERE module IN ('A', 'B'))",
    )
    table, column, type_, write = RETYPED[what]
    # so that this session has plans of before
    connection.execute(
        "UPDATE centres SET day = day, code = '9'; DELETE FROM centres; INSERT INTO licences VALUES ('7')"
    )
    connection.execute("INSERT INTO centres VALUES ('1', '1', 1, true, '2026-01-01')")
    connection.execute("DROP VIEW visma_net.cost_centres")
    connection.execute(f"ALTER TABLE {table} ALTER {column} TYPE {type_}".encode())
    connection.execute(write.encode())


def test_conditions_on_constants_without_a_key(connection: Connection) -> None:
    """Rows of such a table are compared as text, and a day has another text in the writer's session."""
    define(
        connection,
        "CREATE TABLE centres (company text NOT NULL, code text NOT NULL, kind int, big boolean, day date,"
        " description text)",
        "CREATE VIEW visma_net.cost_centres AS SELECT company AS company_code, code AS cost_centre_code,"
        " description, big AS active FROM centres WHERE kind IN (1, 2) AND big AND day = '2026-03-01'",
    )
    assert (
        check(
            connection,
            "INSERT INTO centres VALUES ('a', '1', 1, true, '2026-03-01', 'x'), ('a', '2', 3, true, '2026-03-01', 'x')",
            "UPDATE centres SET description = 'y'",
            "UPDATE centres SET kind = 2",
            "DELETE FROM centres",
        )
        == 5
    )
    assert [k for k in messages(connection) if k == []] == []


def test_a_primary_key_without_overlaps(newest_connection: Connection) -> None:
    """It is none to join old and new rows by: PostgreSQL refuses a FULL JOIN on it, and the application must go on."""
    table = (
        "CREATE TABLE centres (company int4range, during daterange, description text,"
        " PRIMARY KEY (company, during WITHOUT OVERLAPS))"
    )
    view = (
        "CREATE VIEW visma_net.cost_centres AS SELECT lower(company) AS company_code,"
        " lower(during) AS cost_centre_code, description, true AS active FROM centres"
    )
    define(newest_connection, table, view)
    assert check(
        newest_connection,
        "INSERT INTO centres VALUES ('[1,2)', '[2020-01-01,2021-01-01)'), ('[1,2)', '[2021-01-01,2022-01-01)')",
        "UPDATE centres SET description = 'changed' WHERE lower(during) < '2021-01-01'",
        "UPDATE centres SET during = daterange(lower(during), '2021-06-01') WHERE lower(during) >= '2021-01-01'",
        "UPDATE centres SET company = '[3,4)'",
        "DELETE FROM centres",
    )
    assert install.check(newest_connection) == []


def test_a_primary_key_whose_equality_cannot_be_joined_by(connection: Connection) -> None:
    """The same for a type of an extension whose `=` can neither merge nor hash."""
    first = CASE_BLIND.replace(", MERGES", "").replace("{schema}", "src")
    define(connection, f"{first}; CREATE TABLE centres (company text, code citext PRIMARY KEY, description text)", VIEW)
    assert check(
        connection,
        "INSERT INTO centres VALUES ('a', 'x', '1'), ('a', 'y', '1')",
        "UPDATE centres SET description = '2'",
        "UPDATE centres SET code = 'X' WHERE code = 'x'",
        "DELETE FROM centres",
    )


def test_a_constant_with_a_backslash(connection: Connection) -> None:
    """It is the same for a session of old, in which a backslash in a string escapes."""
    define(connection, f"CREATE TABLE centres ({COLUMNS})", rf"{VIEW} WHERE code IN (E'a\\b', E'c\\\\d')")
    connection.execute("SET standard_conforming_strings = off; SET escape_string_warning = off")
    assert check(
        connection,
        r"INSERT INTO centres VALUES ('x', E'a\\b'), ('x', E'c\\\\d'), ('x', E'c\\d')",
        "UPDATE centres SET description = 'changed'",
        "DELETE FROM centres",
    )


NULLABLE = {
    "dropped": ("", "ALTER TABLE centres ALTER company DROP NOT NULL, ALTER code DROP NOT NULL"),
    "not valid": ("ALTER TABLE centres ADD NOT NULL company NOT VALID, ADD NOT NULL code NOT VALID", ""),
}


@pytest.mark.parametrize("how", NULLABLE)
def test_a_key_column_that_may_be_null_after_all(newest_connection: Connection, how: str) -> None:
    """No message has a null in its key: there is no such row in a cloud, and nobody to look at it."""
    before, after = NULLABLE[how]
    columns = "company text, code text, description text" if before else COLUMNS
    rows = "INSERT INTO src.centres VALUES ('x', NULL, ''), (NULL, 'x', ''), (NULL, NULL, '')"
    define(newest_connection, f"CREATE TABLE centres ({columns}); {rows if before else ''}; {before}", VIEW)
    newest_connection.execute(f"{after}; {rows if after else ''}".encode())
    check(
        newest_connection,
        "UPDATE centres SET code = 'y' WHERE company = 'x'",
        *["UPDATE centres SET code = NULL"] * bool(after),
        "DELETE FROM centres",
    )
    assert {None} & {value for key in messages(newest_connection) for value in key} == set()
    assert ["x", "y"] in messages(newest_connection)
