"""Which desired views can be kept live, and the sentence with which the others are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from outbox import install
from outbox.capture.catalogue import Type
from outbox.capture.dependencies import used_columns
from outbox.capture.stability import reads_table
from outbox.errors import InstallError, ViewRefused
from outbox.install import drift

Connection = psycopg.Connection[Any]

TABLES = """
CREATE SCHEMA visma_net;
CREATE SCHEMA src;
CREATE TABLE src.centres (company text NOT NULL, code text NOT NULL, description text, active boolean,
                          since timestamptz, amount numeric, day date, PRIMARY KEY (company, code));
"""
VIEW = "CREATE VIEW visma_net.cost_centres AS SELECT {columns} FROM {source}"
KEY = "company AS company_code, code AS cost_centre_code"


@pytest.fixture
def connection(empty_database: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database, autocommit=True) as c:
        c.execute(TABLES)
        yield c


def define(connection: Connection, columns: str, source: str = "src.centres") -> None:
    connection.execute(VIEW.format(columns=columns, source=source).encode())


REFUSED = {
    "a key column is missing": ("code AS cost_centre_code, description, active", "has no key column company_code"),
    "a column is missing": (f"{KEY}, description", "has no column active"),
    "a column too many": (f"{KEY}, description, active, amount", "has a column amount, which no cost_centres"),
    "missing is no list": (f"{KEY}, description, active, 'x'::text AS missing", "column missing .* must be text"),
    "a time as a key": (
        "since AS company_code, code AS cost_centre_code, description, active",
        "key column company_code .* is timestamp with time zone",
    ),
    "now()": (f"{KEY}, description, since < now() AS active", r"calls now\(\), which depends on the time"),
    "current_date": (f"{KEY}, description, day = current_date AS active", "uses current_date"),
    "current_user": (f"{KEY}, current_user::text AS description, active", "uses current_user"),
    "random()": (f"{KEY}, description, random() < 0.5 AS active", r"calls random\(\), which answers differently"),
    "a setting": (f"{KEY}, current_setting('x.y', true) AS description, active", r"calls current_setting\(\)"),
    "the text 'now'": (
        f"{KEY}, description, day = ('now'::text)::date AS active",
        "reads the time from the text 'now'",
    ),
    "age()": (f"{KEY}, age(since)::text AS description, active", r"calls age\(\)"),
    "a system column": (f"{KEY}, xmin::text AS description, active", "uses a system column"),
    "a function that is not immutable": (
        f"{KEY}, src.loose(description) AS description, active",
        r"calls src.loose\(value text\), which is not declared IMMUTABLE",
    ),
    "a function that reads a table": (
        f"{KEY}, src.reading(description) AS description, active",
        r"calls src.reading\(value text\), whose body reads a table",
    ),
    "a function whose stored body reads a table": (
        f"{KEY}, src.stored(description) AS description, active",
        r"calls src.stored\(value text\), which reads src.centres",
    ),
    "a function that calls one that reads a table": (
        f"{KEY}, src.calling(description) AS description, active",
        r"calls src.reading\(value text\), whose body reads a table",
    ),
    "a function that looks at the clock": (
        f"{KEY}, description, src.over(day) AS active",
        r"calls src.over\(until date\), whose body depends on the time or the session",
    ),
    "a function whose stored body looks at the clock": (
        f"{KEY}, description, src.gone(day) AS active",
        r"calls src.gone\(until date\), whose body depends on the time or the session",
    ),
}

FUNCTIONS = """
CREATE FUNCTION src.loose(value text) RETURNS text LANGUAGE sql AS 'SELECT upper(value)';
CREATE FUNCTION src.reading(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RETURN (SELECT max(c.code) FROM src.centres c WHERE c.company = value); END $$;
CREATE FUNCTION src.stored(value text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN (SELECT max(c.code) FROM src.centres AS c WHERE c.company = value);
CREATE FUNCTION src.calling(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN /* as loose() */ RETURN '--' || upper("src".READING (value)); /* at last **/ END $$;
CREATE FUNCTION src.over(until date) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT until < current_date';
CREATE FUNCTION src.gone(until date) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN until < now();
"""


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_kept_live_is_refused(connection: Connection, what: str) -> None:
    """One sentence with the name of the view and the reason; nothing is installed."""
    columns, sentence = REFUSED[what]
    connection.execute(FUNCTIONS)
    define(connection, columns)
    with pytest.raises(ViewRefused, match=sentence) as refusal:
        install.plan(connection)
    assert "visma_net.cost_centres" in refusal.value.why
    assert connection.execute("SELECT to_regnamespace('outbox')").fetchone() == (None,)


ACCEPTED = {
    "text of any value": "concat(amount, '/', day) AS description, active",
    "a join of text and number": "'x' || amount AS description, active",
    "a date of a time": "(since::date)::text AS description, active",
    "to_char": "to_char(amount, 'FM999') AS description, active",
    "JSON": "to_jsonb(description)::text AS description, active, ARRAY[code] AS missing",
    "a list in JSON": "(SELECT concat(jsonb_agg(code), json_agg(code)) FROM src.centres) AS description, active",
    "an immutable function": "src.strict(description) AS description, active",
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_what_hangs_on_pinned_settings_only_is_accepted(connection: Connection, what: str) -> None:
    """STABLE functions of which the relay pins all that they depend on."""
    connection.execute(
        "CREATE FUNCTION src.within(v text) RETURNS text LANGUAGE sql STABLE AS"
        " 'SELECT convert_from(v::bytea, ''UTF8'')';"
        " CREATE FUNCTION src.strict(v text) RETURNS text LANGUAGE sql IMMUTABLE RETURN trim(both from src.within(v))"
    )
    define(connection, f"{KEY}, {ACCEPTED[what]}")
    assert install.plan(connection)


@pytest.mark.parametrize("body", ["AS $$ SELECT src.within(v) $$", "RETURN src.within(v)"])
def test_a_function_within_a_function_that_changes_is_found(connection: Connection, body: str) -> None:
    """What the view shows is another value then, though its own function is as it was."""
    within = "CREATE OR REPLACE FUNCTION src.within(v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT {}'"
    connection.execute(within.format("upper(v)").encode())
    connection.execute(f"CREATE FUNCTION src.outside(v text) RETURNS text LANGUAGE sql IMMUTABLE {body}".encode())
    define(connection, f"{KEY}, src.outside(description) AS description, active")
    install.apply(connection, install.plan(connection))
    connection.execute(within.format("lower(v)").encode())
    assert "the function src.within(v text) is another one" in drift.drifted(connection)["visma_net", "cost_centres"]


def test_an_aggregate_that_begins_with_another_value_is_found(connection: Connection) -> None:
    """Its functions are as they were."""
    made = "CREATE OR REPLACE AGGREGATE src.most(integer) (SFUNC = int4larger, STYPE = integer, INITCOND = '{}')"
    connection.execute(made.format(0).encode())
    source = "(SELECT company, code, src.most(1)::text AS description FROM src.centres GROUP BY 1, 2) AS c"
    define(connection, f"{KEY}, description, true AS active", source)
    install.apply(connection, install.plan(connection))
    assert drift.drifted(connection) == {}
    connection.execute(made.format(2).encode())
    assert "the function src.most(integer) is another one" in drift.drifted(connection)["visma_net", "cost_centres"]


@pytest.mark.parametrize("by", ["COMBINEFUNC = src.more", "MSFUNC = src.more, MINVFUNC = int4mi, MSTYPE = integer"])
def test_a_function_of_an_aggregate_that_changes_is_found(connection: Connection, by: str) -> None:
    """Also one that serves parallel plans or moving frames only."""
    made = "CREATE OR REPLACE FUNCTION src.more(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT RETURN "
    connection.execute(f"{made} greatest($1, $2)".encode())
    connection.execute(f"CREATE AGGREGATE src.most(integer) (SFUNC = int4larger, STYPE = integer, {by})".encode())
    source = "(SELECT company, code, src.most(1)::text AS description FROM src.centres GROUP BY 1, 2) AS c"
    define(connection, f"{KEY}, description, true AS active", source)
    install.apply(connection, install.plan(connection))
    connection.execute(f"{made} $1 + $2".encode())
    assert "the function src.more(integer, integer) is" in drift.drifted(connection)["visma_net", "cost_centres"]


@pytest.mark.parametrize("column", ["start_date", "end_date"])
def test_a_date_with_a_time_zone_is_refused(connection: Connection, column: str) -> None:
    """The ERP knows days: which day a moment is on, the view has to say."""
    dates = {"start_date": "day", "end_date": "day", column: "since"}
    project = ("CREATE OR REPLACE VIEW visma_net.projects AS SELECT company AS company_code, code AS project_code,"
               " description, {start_date} AS start_date, {end_date} AS end_date, NULL::text AS status,"
               " NULL::text AS template FROM src.centres")  # fmt: skip
    connection.execute(project.format(**dates).encode())
    with pytest.raises(ViewRefused, match=f"column {column} of .* is timestamp with time zone") as refused:
        install.plan(connection)
    assert "AT TIME ZONE" in str(refused.value.hint)
    connection.execute("DROP VIEW visma_net.projects")
    day = "(since AT TIME ZONE 'Europe/Amsterdam')::date"
    connection.execute(project.format(**{**dates, column: day}).encode())
    assert install.plan(connection)


SOURCES = {
    "a materialized view": ("CREATE MATERIALIZED VIEW src.m AS TABLE src.centres", "src.m, a materialized view"),
    "a system catalogue": (
        "CREATE VIEW src.m AS SELECT relname::text AS company, '1' AS code, '' AS description, true AS active"
        " FROM pg_class",
        "by way of src.m. reads a system catalogue",
    ),
    "an operator = of one's own": (
        "CREATE OPERATOR src.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texticlike);"
        " SET search_path = src, pg_catalog; CREATE VIEW src.m AS SELECT c.* FROM centres AS c JOIN centres AS d"
        " USING (company); RESET search_path",
        "by way of src.m. uses an = in place of PostgreSQL's",
    ),
    "a name of a table": (
        "CREATE TABLE src.named AS SELECT *, 'src.centres'::regclass AS named FROM src.centres;"
        " CREATE VIEW src.m AS SELECT company, code, named::text AS description, active FROM src.named",
        "by way of src.m. shows names of the server's own objects",
    ),
    "a view that locks": ("CREATE VIEW src.m AS TABLE src.centres FOR SHARE", "by way of src.m. locks the rows"),
    "the information schema": (
        "CREATE VIEW src.m AS SELECT table_name::text AS company, '1' AS code, '' AS description, true AS active"
        " FROM information_schema.tables",
        "by way of information_schema.tables. reads a system catalogue",
    ),
    "an unlogged table": ("CREATE UNLOGGED TABLE src.m AS TABLE src.centres", "src.m, an unlogged table"),
    "an unlogged partition": (
        "CREATE TABLE src.m (LIKE src.centres) PARTITION BY LIST (company);"
        " CREATE UNLOGGED TABLE src.part PARTITION OF src.m DEFAULT",
        "src.m, of which src.part is an unlogged table",
    ),
    "a partition of a subscription": (
        "CREATE TABLE src.m (LIKE src.centres) PARTITION BY LIST (company);"
        " CREATE TABLE src.part PARTITION OF src.m DEFAULT; SET allow_system_table_mods = on;"
        " INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) VALUES (1, 'src.part'::regclass, 'r')",
        "src.m, of which src.part is a table fed by a subscription",
    ),
    "a foreign table": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE FOREIGN TABLE src.m (company text, code text, description text, active boolean) SERVER s",
        "src.m, a foreign table",
    ),
}


@pytest.mark.parametrize("what", SOURCES)
def test_only_tables_are_sources(connection: Connection, what: str) -> None:
    """What no trigger can stand on is refused, also behind another view."""
    ddl, sentence = SOURCES[what]
    connection.execute(ddl.encode())
    define(connection, f"{KEY}, description, active", "src.m")
    with pytest.raises(ViewRefused, match=sentence):
        install.plan(connection)


def test_a_table_in_place_of_a_view_is_refused(connection: Connection) -> None:
    """A desired view is a view."""
    connection.execute("CREATE TABLE visma_net.cost_centres (x int)")
    with pytest.raises(ViewRefused, match=r"visma_net\.cost_centres is a table"):
        install.plan(connection)


def test_what_depends_on_who_asks_is_refused(connection: Connection) -> None:
    """The relay would need rights on the tables; below another view it makes no difference."""
    connection.execute("CREATE VIEW src.inside WITH (security_invoker) AS TABLE src.centres")
    define(connection, f"{KEY}, description, active", "src.inside")
    assert install.plan(connection)
    connection.execute("ALTER VIEW visma_net.cost_centres SET (security_invoker = on)")
    with pytest.raises(ViewRefused, match=r"visma_net\.cost_centres is security_invoker"):
        install.plan(connection)


def test_a_view_that_reads_no_table(connection: Connection) -> None:
    """Nothing of it can change but by a person; it is installed all the same."""
    define(connection, "company_code, cost_centre_code, description, true AS active",
           "(VALUES ('a', 'b', 'c')) AS v (company_code, cost_centre_code, description)")  # fmt: skip
    install.apply(connection, install.plan(connection))
    assert install.check(connection) == []


@pytest.mark.parametrize(("parts", "followed"), [(100, True), (2000, False)])
def test_a_long_expression(connection: Connection, parts: int, followed: bool) -> None:
    """Each `||` comes in parentheses of its own; where these are too many every row is rechecked."""
    define(connection, f"{KEY}, {' || '.join(['description'] * parts)} AS description, active")
    assert (install.plan(connection).notes == ()) is followed


def test_no_view_at_all_is_refused(connection: Connection) -> None:
    """With a sentence that says where they belong."""
    with pytest.raises(InstallError, match="there is no desired view: none of the schemas accountview_net, visma_net"):
        install.plan(connection)


def test_columns_are_those_of_the_catalogue(connection: Connection) -> None:
    """Through views on views; a whole row is all columns."""
    from outbox.capture.catalogue import pin_settings, read_catalogue

    connection.execute(
        "CREATE VIEW src.inner_view AS SELECT company, code, amount FROM src.centres WHERE day IS NOT NULL"
    )
    define(connection, f"{KEY}, NULL::text AS description, amount > 1 AS active", "src.inner_view")
    with connection.transaction():
        pin_settings(connection)
        catalogue = read_catalogue(connection)
    (used,) = used_columns(catalogue, catalogue.desired()[0]).values()
    assert used == {1, 2, 6, 7}


def test_equal_values_of_some_types_look_different() -> None:
    """Numbers, padded text and case-insensitive text are compared natively only."""
    alike = [Type.of("int4"), Type.of("int8"), Type.of("text"), Type.of("varchar"), Type.of("src.status", "e")]
    other = [Type.of("numeric"), Type.of("bpchar"), Type.of("timestamptz"), Type.of("text", "b", False, "src.nocase")]
    assert all(t.one_text for t in alike)
    assert not any(t.one_text for t in other)
    assert Type.of("text", "b", False, "src.nocase").family != Type.of("text").family


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("SELECT $1 || 'from'", False),
        ("BEGIN RETURN extract(year FROM d) IS DISTINCT FROM 1; END", False),
        ("-- select from x\nSELECT trim(both ' ' from $1)", False),
        ("SELECT max(x) FROM src.t", True),
        ("BEGIN EXECUTE 'select 1'; END", True),
        ("BEGIN INSERT INTO log VALUES (1); RETURN 1; END", True),
    ],
)
def test_a_body_is_looked_at_for_tables(body: str, reads: bool) -> None:
    """A body that is a string leaves no trace in pg_depend."""
    assert reads_table(body) == reads
