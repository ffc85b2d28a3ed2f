"""Installing into somebody's database: what is done, what is not touched, what is said."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import database as database_module
from outbox import install, sqlfiles
from outbox.errors import InstallError, NotPermitted, ViewRefused
from outbox.install import drift
from outbox.install.steps import LOCK_ATTEMPTS
from outbox.install.uninstall import plan_uninstall, uninstall
from tests.conftest import Server, fill_source
from tests.lane import eventually
from tests.programs import program

Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as c:
        yield c


@pytest.fixture
def installed(connection: Connection) -> Connection:
    """With both targets active, as after the first register."""
    install.apply(connection, install.plan(connection))
    connection.execute("UPDATE outbox.target SET active_since = now()")
    return connection


def messages(connection: Connection) -> list[tuple[Any, ...]]:
    query = "SELECT target, resource, key, operation, source FROM outbox.message ORDER BY id"
    return connection.execute(query).fetchall()


def rechecked(connection: Connection) -> list[str]:
    assert all(m[2:4] == ([], "DRIFT") for m in messages(connection))
    return [f"{m[0]}.{m[1]}" for m in messages(connection)]


def catalogue(connection: Connection) -> dict[str, list[Any]]:
    """What an install leaves: functions, triggers, grants, the manifest; object ids aside."""
    return {
        "functions": connection.execute(
            "SELECT pg_get_functiondef(oid), proacl::text FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace"
            " ORDER BY proname"
        ).fetchall(),
        "triggers": connection.execute(
            "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        ).fetchall(),
        "manifest": connection.execute(
            "SELECT kind, name, CASE WHEN kind <> 'view' THEN hash END, version, facts - 'home' FROM outbox.manifest"
            " ORDER BY kind, name"
        ).fetchall(),
        "migrations": connection.execute("SELECT version, name FROM outbox.migration").fetchall(),
    }


# -- the first install


def test_the_first_install_enqueues_nothing(connection: Connection) -> None:
    """It sends nothing; the first load is a confirmed register."""
    install.apply(connection, install.plan(connection))
    assert messages(connection) == []
    assert install.check(connection) == []
    assert drift.drifted(connection) == {}


def test_a_second_install_does_nothing_and_locks_no_table(installed: Connection) -> None:
    """Not even for reading."""
    with installed.transaction():
        plan = install.plan(installed)
        locks = installed.execute(
            "SELECT l.relation::regclass::text FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE l.pid = pg_backend_pid() AND n.nspname IN ('accountview', 'visma_net', 'accountview_net')"
        ).fetchall()
    assert not plan
    assert plan.steps == ()
    assert locks == []
    assert install.render(plan) == "-- Nothing to do.\n"


def test_what_dry_run_prints_does_the_same(server: Server, tmp_path: Path) -> None:
    """psql -1 -f of it gives the same catalogue as install."""
    template = server.template("views_only", partial(fill_source, data=False))
    script = tmp_path / "install.sql"
    with server.cloned(template) as by_psql, psycopg.connect(by_psql, autocommit=True) as c:
        script.write_text(install.render(install.plan(c)), encoding="utf-8")
        command = [program(by_psql, "psql"), "-q", "-1", "-X", "-v", "ON_ERROR_STOP=1", "-f", str(script), by_psql]
        subprocess.run(command, check=True, env={**os.environ, "PGCLIENTENCODING": "UTF8"})
        assert not install.plan(c)
        first = catalogue(c)
    with server.cloned(template) as by_install, psycopg.connect(by_install, autocommit=True) as c:
        install.apply(c, install.plan(c))
        assert catalogue(c) == first


def test_it_is_said_which_changes_recheck_everything(connection: Connection) -> None:
    """With the table, the view and the reason."""
    notes = install.plan(connection).notes
    assert (
        "a change of accountview.licence_modules (only with module APPROVAL or PROJECTS) rechecks every row of "
        "visma_net.projects, because company_code is code of accountview.companies, to which no equality leads" in notes
    )


def test_a_database_in_another_encoding_is_refused(server: Server) -> None:
    """A cloud may answer in letters that it does not have, and who it was about must not stay in doubt for that."""
    name = f"latin_{os.getpid()}"
    with psycopg.connect(server.dsn, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0".encode())
    with (
        psycopg.connect(server.database(name)) as connection,
        pytest.raises(InstallError, match="the encoding of the database is LATIN1"),
    ):
        install.plan(connection)
    server.drop(name)


def test_names_that_come_quoted(connection: Connection) -> None:
    """A database that has all of them quoted, for its dump programs, is installed into once."""
    connection.execute("SET quote_all_identifiers = on")
    install.apply(connection, install.plan(connection))
    for setting in ("on", "off"):
        connection.execute(f"SET quote_all_identifiers = {setting}".encode())
        assert not install.plan(connection)
        assert install.check(connection) == []


def test_every_supported_version_can_be_installed_into(every_server: Server) -> None:
    """PostgreSQL 15 to 18; and what the newer ones can cut off a long transaction by is none of ours."""
    with every_server.cloned() as dsn, psycopg.connect(dsn, autocommit=True) as c:
        limited = f"{dsn}&options=-c%20transaction_timeout%3D1h" if c.info.server_version >= 170000 else dsn
        with database_module.connect(limited) as ours:
            assert ours.execute("SELECT current_setting('transaction_timeout', true)").fetchone() in ((None,), ("0",))
        fill_source(c)
        install.apply(c, install.plan(c))
        c.execute("UPDATE accountview.companies SET kvk_number = '12345678' WHERE code = '001'")
        assert [m[:3] for m in messages(c)] == [
            ("accountview_net", "companies", ["001"]),
            ("visma_net", "companies", ["001"]),
        ]
        assert install.check(c) == []


# -- what is written


def test_a_column_that_a_view_does_not_read_writes_nothing_about_it(installed: Connection) -> None:
    """A KVK number is no matter of the accesses; a statement that changes nothing writes nothing."""
    installed.execute("UPDATE accountview.companies SET kvk_number = kvk_number")
    installed.execute("UPDATE accountview.apps SET vendor = 'x'")
    installed.execute("UPDATE accountview.users SET email = 'x' WHERE false")
    assert messages(installed) == []
    installed.execute("UPDATE accountview.companies SET kvk_number = '87654321' WHERE code = '001'")
    assert {m[1] for m in messages(installed)} == {"companies"}


def test_a_changed_key_names_the_old_and_the_new(installed: Connection) -> None:
    """Both images."""
    installed.execute("INSERT INTO accountview.companies (code, name) VALUES ('old', 'x')")
    installed.execute("DELETE FROM outbox.message")
    installed.execute("UPDATE accountview.companies SET code = 'new' WHERE code = 'old'")
    assert {m[2][0] for m in messages(installed) if m[1] == "companies"} == {"old", "new"}


def test_truncate_rechecks_all_that_reads_the_table(installed: Connection) -> None:
    """With one message for each resource."""
    installed.execute("TRUNCATE accountview.cost_centres")
    assert messages(installed) == [("visma_net", "cost_centres", [], "TRUNCATE", "accountview.cost_centres")]


def test_the_writer_needs_no_right_on_the_outbox(installed: Connection) -> None:
    """And cannot call its functions or forge messages; who wrote is recorded."""
    role = f"app_{os.getpid()}"
    installed.execute(f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA accountview TO {role}")
    installed.execute(f"GRANT SELECT, UPDATE ON accountview.companies TO {role}; SET SESSION AUTHORIZATION {role}")
    try:
        installed.execute("UPDATE accountview.companies SET kvk_number = '11112222' WHERE code = '001'")
        for forbidden in (
            "INSERT INTO outbox.message (target, resource, key, operation) VALUES ('x', 'y', '{}', 'REGISTER')",
            "SELECT outbox.ring()",
            "SELECT outbox.follow_code_to_companies_code('[]')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                installed.execute(forbidden.encode())
    finally:
        installed.execute("RESET SESSION AUTHORIZATION")
    by = installed.execute("SELECT DISTINCT changed_by FROM outbox.message").fetchall()
    installed.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert by == [(role,)]


def test_a_key_has_one_text_form(connection: Connection) -> None:
    """Whatever the DateStyle and the like of the writer's session."""
    connection.execute("DROP VIEW visma_net.cost_types")
    connection.execute("CREATE TABLE accountview.days (day date, number numeric(9, 2), PRIMARY KEY (day, number))")
    connection.execute(
        "CREATE VIEW visma_net.cost_types AS SELECT day AS company_code, number AS cost_type_code,"
        " NULL::text AS description, true AS active FROM accountview.days"
    )
    install.apply(connection, install.plan(connection))
    connection.execute("SET DateStyle = 'German'")
    connection.execute("INSERT INTO accountview.days VALUES ('2026-03-01', 1)")
    assert [m[2] for m in messages(connection)] == [["2026-03-01", "1.00"]]


def test_a_value_that_is_only_equal_is_a_change(connection: Connection) -> None:
    """1.0 and 1.00 are equal, and not the same document."""
    connection.execute("DROP VIEW visma_net.cost_types")
    connection.execute("CREATE TABLE accountview.amounts (code text PRIMARY KEY, amount numeric, note json)")
    connection.execute(
        "CREATE VIEW visma_net.cost_types AS SELECT '001'::text AS company_code, code AS cost_type_code,"
        " amount AS description, note IS NULL AS active FROM accountview.amounts"
    )
    install.apply(connection, install.plan(connection))
    connection.execute("INSERT INTO accountview.amounts VALUES ('a', 1.0, '{}')")
    connection.execute("DELETE FROM outbox.message")
    connection.execute("UPDATE accountview.amounts SET amount = 1.00")
    assert [m[2] for m in messages(connection)] == [["001", "a"]]


def test_a_table_without_a_primary_key(connection: Connection) -> None:
    """Old and new rows meet by what they hold; json, which has no equality, too."""
    connection.execute("DROP VIEW visma_net.cost_types")
    connection.execute("CREATE TABLE accountview.loose (code text NOT NULL, note json, other int, rate float8)")
    connection.execute(
        "CREATE VIEW visma_net.cost_types AS SELECT '001'::text AS company_code, code AS cost_type_code,"
        " concat(note, rate) AS description, true AS active FROM accountview.loose"
    )
    install.apply(connection, install.plan(connection))
    connection.execute("INSERT INTO accountview.loose VALUES ('a', '{}', 1), ('a', '{}', 2), ('b', '1', 3)")
    connection.execute("DELETE FROM outbox.message")
    connection.execute("UPDATE accountview.loose SET other = other + 1")
    assert messages(connection) == []
    connection.execute("UPDATE accountview.loose SET note = '2' WHERE other = 4")
    connection.execute("UPDATE accountview.loose SET code = 'c' WHERE other = 2")
    assert {tuple(m[2]) for m in messages(connection)} == {("001", "a"), ("001", "b"), ("001", "c")}
    connection.execute("UPDATE accountview.loose SET rate = 0.3")
    connection.execute("DELETE FROM outbox.message")
    connection.execute("SET extra_float_digits = 0")  # whatever a session shows of a number
    connection.execute("UPDATE accountview.loose SET rate = 0.1::float8 + 0.2::float8 WHERE code = 'c'")
    assert [m[2] for m in messages(connection)] == [["001", "c"]]


def test_partitions_and_inheriting_tables(connection: Connection) -> None:
    """The triggers are on the table and on each of its parts; a part written directly is seen, and a new one found."""
    connection.execute("DROP VIEW visma_net.cost_types")
    connection.execute(
        "CREATE TABLE accountview.parted (company text, code text, PRIMARY KEY (company, code))"
        " PARTITION BY LIST (company);"
        " CREATE TABLE accountview.part_a PARTITION OF accountview.parted FOR VALUES IN ('a');"
        " CREATE TABLE accountview.part_b PARTITION OF accountview.parted FOR VALUES IN ('b');"
        " CREATE VIEW visma_net.cost_types AS SELECT company AS company_code, code AS cost_type_code,"
        " NULL::text AS description, true AS active FROM accountview.parted"
    )
    install.apply(connection, install.plan(connection))
    connection.execute("INSERT INTO accountview.parted VALUES ('a', '1')")
    connection.execute("INSERT INTO accountview.part_b VALUES ('b', '2')")
    connection.execute("UPDATE accountview.parted SET company = 'b' WHERE code = '1'")
    assert [m[2] for m in messages(connection)] == [["a", "1"], ["b", "2"], ["a", "1"], ["b", "1"]]
    connection.execute("CREATE TABLE accountview.part_c PARTITION OF accountview.parted FOR VALUES IN ('c')")
    assert drift.drifted(connection) == {
        (
            "visma_net",
            "cost_types",
        ): "accountview.part_c became a part of accountview.parted, or accountview.parted of it"
    }
    install.apply(connection, install.plan(connection))
    connection.execute("INSERT INTO accountview.part_c VALUES ('c', '3')")
    assert messages(connection)[-1][2] == ["c", "3"]


# -- what happens later


def test_a_table_below_two_of_long_names_has_the_triggers_of_both(connection: Connection) -> None:
    """A trigger's name has 63 bytes; what had to be cut off is told by a hash."""
    connection.execute("DROP VIEW visma_net.cost_types, visma_net.cost_centres")
    for resource, kind in (("cost_types", "type"), ("cost_centres", "centre")):
        name = f"accountview.bookings_that_somebody_has_made_by_hand_of_{kind}"
        connection.execute(f"CREATE TABLE {name} (code text NOT NULL)")
        connection.execute(
            f"CREATE VIEW visma_net.{resource} AS SELECT '001'::text AS company_code, code AS cost_{kind}_code,"
            f" NULL::text AS description, true AS active FROM {name}"
        )
    connection.execute(
        "CREATE TABLE accountview.both () INHERITS (accountview.bookings_that_somebody_has_made_by_hand_of_type,"
        " accountview.bookings_that_somebody_has_made_by_hand_of_centre)"
    )
    install.apply(connection, install.plan(connection))
    connection.execute("INSERT INTO accountview.both VALUES ('a')")
    assert sorted(m[1] for m in messages(connection)) == ["cost_centres", "cost_types"]
    assert not install.plan(connection)


def test_a_renamed_column_breaks_no_application(installed: Connection) -> None:
    """One coarse message, the view goes on, and the next install makes capture exact again."""
    installed.execute("ALTER TABLE accountview.users RENAME COLUMN email TO mail")
    installed.execute("UPDATE accountview.users SET mail = 'new@example.org' WHERE code = 'BAKKER'")
    assert {m[2:4] == ([], "DRIFT") for m in messages(installed)} == {True}
    assert drift.drifted(installed)[("visma_net", "users")] == "column email of accountview.users is now called mail"
    installed.execute("DELETE FROM outbox.message")
    install.apply(installed, install.plan(installed))
    assert rechecked(installed) == ["accountview_net.users", "visma_net.users"]
    installed.execute("DELETE FROM outbox.message")
    installed.execute("UPDATE accountview.users SET mail = 'newer@example.org' WHERE code = 'BAKKER'")
    assert [m[1:3] for m in messages(installed)] == [("users", ["BAKKER"])] * 2


def test_a_column_that_took_the_name_of_another_is_found(installed: Connection) -> None:
    """It raises no error: the trigger watches the wrong column."""
    installed.execute("ALTER TABLE accountview.users RENAME COLUMN email TO email_old")
    installed.execute("ALTER TABLE accountview.users ADD COLUMN email text")
    assert drift.drifted(installed).keys() == {("accountview_net", "users"), ("visma_net", "users")}
    assert {f.evidence for f in install.check(installed)} >= {
        "reads what has changed: column email of accountview.users is now called email_old"
    }


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE accountview.cost_types DROP COLUMN active;"
        " ALTER TABLE accountview.cost_types ADD active boolean NOT NULL DEFAULT true",
        "CREATE TABLE accountview.other (LIKE accountview.cost_types INCLUDING ALL); DROP TABLE accountview.cost_types;"
        " ALTER TABLE accountview.other RENAME TO cost_types",
        "ALTER TABLE accountview.cost_types ALTER active TYPE boolean USING NOT active",
    ],
)
def test_what_was_replaced_by_its_like_is_rechecked(installed: Connection, change: str) -> None:
    """A column or a table of the same name and type, or its values, and the same view again: its content is another."""
    installed.execute(f"DROP VIEW visma_net.cost_types; {change}".encode())
    installed.execute(sqlfiles.read("views/visma_net.sql"))
    install.apply(installed, install.plan(installed))
    assert rechecked(installed) == ["visma_net.cost_types"]
    assert install.check(installed) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DROP TRIGGER outbox_update ON accountview.projects", "is missing"),
        ("ALTER TABLE accountview.projects DISABLE TRIGGER outbox_delete", "is disabled"),
        ("ALTER TABLE accountview.projects ENABLE REPLICA TRIGGER outbox_delete", "is disabled"),
        (
            "CREATE OR REPLACE TRIGGER outbox_update AFTER UPDATE OF code ON accountview.projects"
            " FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects()",
            "is another one",
        ),
        (
            "CREATE OR REPLACE FUNCTION outbox.capture_accountview_projects() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RETURN NULL; END'",
            "was altered since the install",
        ),
        ("ALTER FUNCTION outbox.capture_accountview_projects() SECURITY INVOKER", "is no longer SECURITY DEFINER"),
        ("ALTER FUNCTION outbox.capture_accountview_projects() RESET ALL", "has other settings"),
    ],
)
def test_what_was_damaged_is_found_mended_and_rechecked(installed: Connection, damage: str, found: str) -> None:
    """By check, by the running relay, and by the next install."""
    installed.execute(damage.encode())
    findings = install.check(installed)
    assert [f.evidence for f in findings if found in f.evidence]
    assert {f.mend for f in findings} == {"outbox install"}
    assert drift.drifted(installed).keys() == {("visma_net", "projects")}
    install.apply(installed, install.plan(installed))
    assert rechecked(installed) == ["visma_net.projects"]
    assert install.check(installed) == []


def test_a_changed_view_is_rechecked_and_no_other(installed: Connection) -> None:
    """Only what depends on it is replaced; triggers are not touched."""
    installed.execute(
        "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT c.code AS company_code, s.code AS cost_type_code,"
        " upper(s.description) AS description, s.active, NULL::text[] AS missing"
        " FROM accountview.companies c JOIN accountview.cost_types s USING (administration_code)"
    )
    plan = install.plan(installed)
    assert [s.table for s in plan.steps] == [None] * len(plan.steps)
    install.apply(installed, plan)
    assert rechecked(installed) == ["visma_net.cost_types"]


def test_a_view_that_says_the_same_is_not_rechecked(installed: Connection) -> None:
    """Run again with other line breaks, as after an edit of another view in its file."""
    installed.execute(sqlfiles.read("views/visma_net.sql").replace("\nFROM", "\n\nFROM").encode())
    install.apply(installed, install.plan(installed))
    assert rechecked(installed) == []
    assert install.check(installed) == []


def test_a_view_that_is_gone_takes_its_triggers_along(installed: Connection) -> None:
    """What nothing needs any more is dropped."""
    installed.execute("DROP VIEW visma_net.cost_types")
    install.apply(installed, install.plan(installed))
    assert installed.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'accountview.cost_types'::regclass AND NOT tgisinternal"
    ).fetchone() == (0,)
    assert install.check(installed) == []


def test_an_install_that_was_killed_is_completed(installed: Connection) -> None:
    """What it had to recheck is not forgotten, wherever it stopped."""
    installed.execute("DROP TRIGGER outbox_update ON accountview.projects")
    plan = install.plan(installed)
    for stop in range(1, len(plan.steps)):
        installed.execute("DROP TRIGGER IF EXISTS outbox_update ON accountview.projects")
        installed.execute("DELETE FROM outbox.message")
        for step in install.plan(installed).steps[:stop]:
            for statement in step.statements:
                installed.execute(statement.encode())
        install.apply(installed, install.plan(installed))
        assert set(rechecked(installed)) == {"visma_net.projects"}
        assert not install.plan(installed)


def test_the_emergency_switch(installed: Connection) -> None:
    """Off: nothing is captured, and check says so. On: everything is rechecked and capture is what it was."""
    before = catalogue(installed)
    installed.execute("SELECT outbox.capture_off()")
    installed.execute("UPDATE accountview.companies SET kvk_number = '12345678'")
    assert messages(installed) == []
    assert [(f.what, f.mend) for f in install.check(installed)] == [("capture", "SELECT outbox.capture_on()")]
    with pytest.raises(InstallError, match="capture is switched off"):
        install.plan(installed)
    installed.execute("SELECT outbox.capture_off()")
    installed.execute("SELECT outbox.capture_on()")
    assert sorted(rechecked(installed)) == sorted(f"{m}" for m in views(installed))
    assert catalogue(installed) == before
    assert install.check(installed) == []


def views(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM outbox.manifest WHERE kind = 'view'")]


def test_everything_of_the_outbox_says_what_it_is(installed: Connection) -> None:
    """For who looks with \\df+."""
    bare = installed.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace AND obj_description(oid) IS NULL"
    ).fetchall()
    assert bare == []


def test_who_holds_the_lock_is_named(installed: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some attempts, each of which waits half a second at most; what was there stays."""
    monkeypatch.setattr("outbox.install.steps.LOCK_ATTEMPTS", 2)
    monkeypatch.setattr("outbox.install.steps.LOCK_PAUSE_S", 0.01)
    assert LOCK_ATTEMPTS > 2
    installed.execute("DROP TRIGGER outbox_update ON accountview.projects")
    with psycopg.connect(database, application_name="bookkeeping") as writer:
        writer.execute("UPDATE accountview.projects SET description = 'busy'")
        with pytest.raises(
            InstallError, match=r"accountview\.projects stayed locked .* \(bookkeeping, idle in trans"
        ) as e:
            install.apply(installed, install.plan(installed))
        assert str(writer.info.backend_pid) in e.value.why
        assert e.value.why.endswith(": UPDATE accountview.projects SET description = 'busy'")
    install.apply(installed, install.plan(installed))
    assert install.check(installed) == []


def test_an_application_never_waits_for_an_install_that_waits_for_it(
    installed: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has read a table and goes on to write it: a trigger that is made and one that is dropped take no deadlock."""
    monkeypatch.setattr("outbox.install.steps.LOCK_PAUSE_S", 0.01)
    monkeypatch.setattr("outbox.install.steps.LOCK_TIMEOUT_MS", 5_000)
    installed.execute(
        "DROP TRIGGER outbox_update ON accountview.projects; CREATE TRIGGER mine AFTER INSERT ON accountview.projects"
        " FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects()"
    )
    with psycopg.connect(database) as application, psycopg.connect(database, autocommit=True) as looking:
        application.execute("SET deadlock_timeout = '10ms'; SELECT FROM accountview.projects")
        installing = threading.Thread(target=lambda: install.apply(installed, install.plan(installed)))
        installing.start()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'accountview.projects'::regclass"
        eventually(lambda: looking.execute(waits).fetchone() == (1,))
        application.execute("UPDATE accountview.projects SET description = 'after a look'")
        application.commit()
        installing.join()
    assert install.check(installed) == []


def test_who_alters_a_table_is_named(installed: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its views cannot be read then; neither install nor check waits for long."""
    monkeypatch.setattr("outbox.install.steps.READ_TIMEOUT_MS", 100)
    installed.execute("DROP TRIGGER outbox_update ON accountview.projects")
    with psycopg.connect(database, application_name="upgrade") as dba:
        dba.execute("ALTER TABLE accountview.projects ADD COLUMN note text")
        for look in (install.plan, install.check):
            with pytest.raises(
                InstallError, match=r"stays locked, by process \d+ of .* \(upgrade, .*: ALTER TABLE account"
            ):
                look(installed)
    install.apply(installed, install.plan(installed))
    assert install.check(installed) == []


def test_two_installs_at_once(connection: Connection, database: str) -> None:
    """The second finds nothing left to do."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            with psycopg.connect(database, autocommit=True) as c:
                install.apply(c, install.plan(c))
        except Exception as e:  # noqa: BLE001
            errors.append(e)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert install.check(connection) == []


def test_an_install_waits_for_another_and_not_for_ever(
    connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the session waits for a lock else: one that stays locked out says what is at work."""
    connection.execute("SET lock_timeout = '10ms'")
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(sqlfiles.read("catalogue/lock_installers.sql"))
        installing = threading.Thread(target=lambda: install.apply(connection, install.plan(connection)))
        installing.start()
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND waitstart < now() - interval '50 ms'"
        eventually(lambda: other.execute(waits).fetchone() == (1,))
        other.execute(sqlfiles.read("catalogue/unlock_installers.sql"))
        installing.join()
        assert install.check(connection) == []
        connection.execute("DROP TRIGGER outbox_update ON accountview.users")
        other.execute(sqlfiles.read("catalogue/lock_installers.sql"))
        monkeypatch.setattr("outbox.install.steps.INSTALLERS_TIMEOUT_MS", 10)
        with pytest.raises(InstallError, match="another install or uninstall is at work"):
            install.apply(connection, install.plan(connection))


def test_uninstall_leaves_the_source_as_it_was(connection: Connection) -> None:
    """And keeps what the outbox holds."""
    before = catalogue(connection)["triggers"]
    install.apply(connection, install.plan(connection))
    connection.execute("UPDATE accountview.companies SET kvk_number = '12345678'")
    count = len(messages(connection))
    uninstall(connection, plan_uninstall(connection))
    assert catalogue(connection)["triggers"] == before
    assert len(messages(connection)) == count > 0
    connection.execute("UPDATE accountview.companies SET kvk_number = NULL")
    assert len(messages(connection)) == count
    install.apply(connection, install.plan(connection))
    assert install.check(connection) == []


# -- what is refused


def test_a_role_without_rights_is_told_which(connection: Connection, database: str) -> None:
    """One sentence; nothing is done."""
    role = f"weak_{os.getpid()}"
    connection.execute(
        f"CREATE ROLE {role}; GRANT CREATE, USAGE ON SCHEMA outbox TO {role};"
        f" GRANT USAGE ON SCHEMA accountview, accountview_net, visma_net TO {role};"
        f" GRANT SELECT ON ALL TABLES IN SCHEMA outbox, accountview TO {role}"
    )
    connection.execute(f"SET ROLE {role}")
    with pytest.raises(NotPermitted, match=r"may not create triggers on accountview\.\w+, which the view"):
        install.plan(connection)
    connection.execute("RESET ROLE")
    connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_functions_belong_to_the_owner_of_the_schema(installed: Connection) -> None:
    """Whoever installs: they run with the rights of one role, which needs no login."""
    role = f"owner_{os.getpid()}"
    installed.execute(f"CREATE ROLE {role}; ALTER SCHEMA outbox OWNER TO {role}; DROP TRIGGER outbox_update ON"
                      f" accountview.users; DROP FUNCTION outbox.follow_code_to_companies_code")  # fmt: skip
    install.apply(installed, install.plan(installed))
    made = "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'follow_code_to_companies_code'"
    owner = installed.execute(made).fetchone()
    installed.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP ROLE {role}")
    assert owner == (role,)


def test_an_outbox_newer_than_the_program_is_refused(connection: Connection) -> None:
    """The program would not know what it does."""
    connection.execute("INSERT INTO outbox.migration (version, name) VALUES (9999, 'future')")
    with pytest.raises(InstallError, match="migration 9999, unknown to this program"):
        install.plan(connection)


FOREIGN = {
    "a trigger of ours that nothing needs": (
        "CREATE TRIGGER mine AFTER INSERT ON accountview.projects"
        " FOR EACH STATEMENT EXECUTE FUNCTION outbox.capture_accountview_projects()",
        "trigger mine on accountview.projects", "is not needed", "outbox install",
    ),
    "a function in our schema": (
        "CREATE FUNCTION outbox.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "function outbox.mine", "is none of the outbox's", "DROP FUNCTION outbox.mine",
    ),
    "a function that no view needs any more": (
        "DROP VIEW visma_net.cost_types",
        "function outbox.capture_accountview_cost_types", "is not needed any more", "outbox install",
    ),
    "a function of a migration that is missing": (
        "DROP FUNCTION outbox.ring",
        "function outbox.ring", "is missing", "psql: CREATE FUNCTION as in migrations/",
    ),
    "a function of a migration": (
        "CREATE OR REPLACE FUNCTION outbox.is_home() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS 'SELECT true'",
        "function outbox.is_home", "was altered since the install", "psql: CREATE OR REPLACE FUNCTION",
    ),
    "its search_path": (
        "ALTER FUNCTION outbox.adopt RESET search_path",
        "function outbox.adopt", "has no search_path of its own", "psql: CREATE OR REPLACE FUNCTION",
    ),
    "somebody else who may write": (
        "GRANT INSERT, SELECT ON outbox.message TO pg_monitor; GRANT SELECT ON outbox.health TO pg_monitor",
        "outbox.message", "gives pg_monitor INSERT", "REVOKE INSERT ON outbox.message FROM pg_monitor",
    ),
    "a table that a view now reads": (
        "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT code AS company_code, code AS cost_type_code,"
        " name AS description, true AS active, NULL::text[] AS missing FROM accountview.user_groups",
        "view visma_net.cost_types", "is another one than at install", "outbox install",
    ),
    "a retyped column": (
        "DROP VIEW visma_net.cost_types; ALTER TABLE accountview.cost_types ALTER description TYPE varchar(99);"
        " CREATE VIEW visma_net.cost_types AS SELECT administration_code AS company_code, code AS cost_type_code,"
        " description, active FROM accountview.cost_types",
        "view visma_net.cost_types", "description of accountview.cost_types was text and is character varying(99)",
        "outbox install",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_check_finds_what_is_not_of_the_install(installed: Connection, what: str) -> None:
    """Foreign and altered objects, views and columns that are others: each with evidence and what mends it."""
    change, name, evidence, mend = FOREIGN[what]
    installed.execute(change.encode())
    found = [(f.what, f.evidence, f.mend) for f in install.check(installed)]
    assert [f for f in found if f[0] == name and evidence in f[1] and f[2].startswith(mend)], found


def test_a_view_that_came_to_read_what_has_no_triggers(installed: Connection) -> None:
    """The next install refuses it, check and the running relay tell of it, and none of them stops at it."""
    installed.execute(
        "CREATE MATERIALIZED VIEW accountview.m AS SELECT code FROM accountview.companies;"
        " DROP VIEW visma_net.cost_types;"
        " CREATE VIEW visma_net.cost_types AS SELECT code AS company_code, 'b'::text AS cost_type_code,"
        " code AS description, true AS active FROM accountview.m"
    )
    with pytest.raises(ViewRefused, match="a materialized view"):
        install.plan(installed)
    assert ("visma_net", "cost_types") in drift.drifted(installed)
    assert [f.evidence for f in install.check(installed) if "a materialized view" in f.evidence]


def test_a_table_that_came_to_be_fed_by_a_subscription(installed: Connection) -> None:
    """No trigger sees what it applies: until it is gone, and once more then, the running relay has all rechecked."""
    installed.execute(
        "SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)"
        " VALUES (1, 'accountview.projects'::regclass, 'r')"
    )
    found = {("visma_net", "projects"): "accountview.projects is now a table fed by a subscription, which fires no"
             " statement triggers"}  # fmt: skip
    assert drift.drifted(installed) == found
    with pytest.raises(ViewRefused, match="a table fed by a subscription"):
        install.plan(installed)
    installed.execute("DELETE FROM pg_subscription_rel")
    assert drift.drifted(installed) == {}
    assert not install.plan(installed)


def test_another_version_of_the_server_may_show_a_view_otherwise(installed: Connection) -> None:
    """After an upgrade check says so; from the text alone nobody can tell it from another view."""
    installed.execute(
        "UPDATE outbox.manifest SET hash = '', facts = jsonb_set("
        "jsonb_set(facts, '{texts,visma_net.users}', '\"other\"'), '{home}', '\"1 2 14\"')"
        " WHERE name = 'visma_net.users'"
    )
    found = [f"{f.what} {f.evidence}" for f in install.check(installed)]
    shown = "view visma_net.users is another one than at install, or this server shows it otherwise"
    assert found == [shown]
    install.apply(installed, install.plan(installed))
    assert install.check(installed) == []


def test_sessions_that_fire_no_triggers_are_those_of_replica(installed: Connection) -> None:
    """Of this database; `local` fires them."""
    role = f"loader_{os.getpid()}"
    here = installed.info.dbname
    installed.execute(f"CREATE ROLE {role}; SET session_replication_role = local")
    try:
        for setting, found in (
            (f"ALTER ROLE {role} SET session_replication_role = local", []),
            (f"ALTER ROLE {role} IN DATABASE postgres SET session_replication_role = replica", []),
            (f"ALTER ROLE {role} IN DATABASE {here} SET session_replication_role = replica", [f"role {role}"]),
            (f"ALTER ROLE {role} IN DATABASE {here} RESET ALL; ALTER ROLE ALL SET session_replication_role = replica",
             ["all roles"]),
        ):  # fmt: skip
            installed.execute(setting.encode())
            told = [f.evidence for f in install.check(installed)]
            assert [re.split(" in |, which", e.split(" for ")[1])[0] for e in told] == found
    finally:
        installed.execute(f"ALTER ROLE ALL RESET session_replication_role; DROP ROLE {role}")


def test_check_says_what_is_odd(installed: Connection) -> None:
    """Rights of PUBLIC, sessions that fire no triggers, keys that come twice."""
    installed.execute("GRANT INSERT ON outbox.message TO PUBLIC; SET session_replication_role = replica")
    installed.execute("DROP VIEW visma_net.cost_types")
    installed.execute(
        "CREATE VIEW visma_net.cost_types AS SELECT 'a'::text AS company_code, 'b'::text AS cost_type_code,"
        " code AS description, true AS active FROM accountview.companies"
    )
    found = {f.what: f for f in install.check(installed)}
    assert found["outbox.message"].level == "broken"
    assert found["session_replication_role"].level == "warning"
    assert any("rows for the key a b" in f.evidence for f in install.check(installed))
    installed.execute(
        "CREATE OR REPLACE VIEW visma_net.cost_types AS SELECT (1 / length(''))::text AS company_code, 'b'::text AS"
        " cost_type_code, code AS description, true AS active FROM accountview.companies"
    )
    unreadable = {f.what: f.evidence for f in install.check(installed)}
    assert unreadable["view visma_net.cost_types"] == "cannot be read: division by zero"
    assert found.keys() - unreadable.keys() == set()
