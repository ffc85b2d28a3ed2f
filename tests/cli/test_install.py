"""outbox install, check, uninstall, as a DBA meets them."""

from __future__ import annotations

import json

import psycopg
import pytest

from outbox import embedded
from tests.cli.conftest import Shell
from tests.conftest import fill_source


@pytest.fixture
def source(shell: Shell, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """The reference tables and views; nothing of the outbox."""
    monkeypatch.setenv("OUTBOX_DSN", empty_database)
    connection = psycopg.connect(empty_database, autocommit=True)
    fill_source(connection, data=False)
    return connection


def findings(shell: Shell) -> list[tuple[str, str]]:
    """(level, what), but for the server of these tests, which may forget what it likes."""
    found = json.loads(shell("check", "--json").out)
    return [(f["level"], f["what"]) for f in found if f["what"] != "the server"]


def test_dry_run_changes_nothing(shell: Shell, source: psycopg.Connection) -> None:
    """It prints what psql can run."""
    with source:
        result = shell("install", "--dry-run")
        assert result.code == 0
        assert "CREATE SCHEMA outbox" in result.out
        assert "CREATE OR REPLACE TRIGGER" in result.out
        assert "--    3. Triggers on accountview.administration_access: writers of it wait for a moment" in result.out
        assert "-- 3. Triggers on accountview.administration_access ----" in result.out
        assert "rechecks every row of\n--     visma_net.users, because user_code is code of" in result.out
        assert "rechecks the rows of visma_net.projects with company_code = code, because" in result.out
        assert source.execute("SELECT to_regclass('outbox.message')").fetchone() == (None,)
        source.execute(result.out)
        assert findings(shell) == []


def test_first_install_sends_and_enqueues_nothing(shell: Shell, source: psycopg.Connection) -> None:
    """It says that register is next, also when it completes what was interrupted. A second one has nothing to do."""
    with source:
        result = shell("install")
        assert result.code == 0
        assert "Next: outbox register" in result.out
        assert source.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)
        assert "nothing to do" in shell("install").out
        source.execute("DROP TRIGGER outbox_insert ON accountview.users")
        assert "Next: outbox register" in shell("install").out
        source.execute("INSERT INTO accountview.users (code) VALUES ('NIEUW')")
        assert source.execute("SELECT DISTINCT key FROM outbox.message").fetchall() == [(["NIEUW"],)]


def test_that_capture_is_off_is_said_first(shell: Shell, source: psycopg.Connection) -> None:
    """Else all could seem well while nothing is noticed."""
    with source:
        shell("install")
        assert "switched off" not in shell("status").out
        source.execute("SELECT outbox.capture_off()")
        assert "\nnext: capture is switched off: SELECT outbox.capture_on()\nnext: " in shell("status").out
        assert findings(shell) == [("broken", "capture")]


def test_check_sees_what_was_altered(shell: Shell, source: psycopg.Connection) -> None:
    with source:
        shell("install")
        assert findings(shell) == []
        source.execute("ALTER TABLE accountview.users DISABLE TRIGGER USER")
        result = shell("check")
        assert result.code == 2
        assert "accountview.users" in result.out
        assert "try: outbox install" in result.out


def test_uninstall_keeps_the_tables(shell: Shell, source: psycopg.Connection) -> None:
    """A change is no longer noticed; a second uninstall finds nothing and is no error."""
    with source:
        shell("install")
        for _ in range(2):
            assert shell("uninstall", "--yes").code == 0
        source.execute("INSERT INTO accountview.users (code) VALUES ('NIEUW')")
        assert source.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)


def test_refused_view(shell: Shell, source: psycopg.Connection) -> None:
    """One sentence with the view's name and the reason; nothing half done."""
    with source:
        source.execute(
            "DROP SCHEMA accountview_net CASCADE; CREATE SCHEMA accountview_net;"
            "CREATE VIEW accountview_net.users AS SELECT email FROM accountview.users"
        )
        result = shell("install")
        assert result.code == 65
        assert "accountview_net.users" in result.err
        assert "user_code" in result.err
        assert source.execute("SELECT to_regclass('outbox.message')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ("CREATE SCHEMA outbox; CREATE TABLE outbox.queue (id int)", "schema outbox"),
        (
            "CREATE FUNCTION accountview.log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            " CREATE TRIGGER outbox_update AFTER UPDATE ON accountview.users EXECUTE FUNCTION accountview.log()",
            "trigger outbox_update on accountview.users",
        ),
    ],
)
def test_names_that_are_taken(shell: Shell, source: psycopg.Connection, theirs: str, words: str) -> None:
    """A schema or trigger of somebody else stays as it is: one sentence, and nothing is installed."""
    with source:
        source.execute(theirs.encode())
        before = source.execute("SELECT oid, tgfoid FROM pg_trigger UNION SELECT oid, 0 FROM pg_namespace").fetchall()
        for command in (("install", "--dry-run"), ("install",)):
            result = shell(*command)
            assert result.code == 73
            assert words in result.err
        after = source.execute("SELECT oid, tgfoid FROM pg_trigger UNION SELECT oid, 0 FROM pg_namespace").fetchall()
        assert after == before


def test_check_says_what_waits_and_what_is_not_known(shell: Shell, source: psycopg.Connection) -> None:
    """Stuck messages, an old one, a copied database: each with what to do; the worst decides the exit code."""
    with source:
        shell("install")
        assert shell("check").code == 1  # the server of the tests does not sync
        source.execute("UPDATE outbox.target SET active_since = now(), verify_since = now() WHERE target = 'visma_net'")
        source.execute(
            "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, changed_at)"
            " VALUES ('visma_net', 'users', '{A}', 'UPDATE', 'held', now(), 'x', now()),"
            " ('visma_net', 'users', '{B}', 'UPDATE', 'pending', NULL, NULL, now() - interval '1 hour')"
        )
        assert {what for _, what in findings(shell)} == {
            "visma_net", "1 held message", "the oldest pending message"
        }  # fmt: skip
        source.execute("UPDATE outbox.identity SET system_identifier = 1")
        assert shell("check").code == 2
        assert "try: outbox adopt" in shell("check").out


def test_check_on_a_sound_server(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that forgets nothing in a crash, as most are: nothing to say, and 0."""
    with embedded.running() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        monkeypatch.setenv("OUTBOX_DSN", dsn)
        fill_source(connection, data=False)
        shell("install")
        result = shell("check")
    assert (result.code, result.out) == (0, "everything is as installed\n")


def test_adopt_asks_first(shell: Shell, source: psycopg.Connection) -> None:
    """With nobody to ask it wants --yes; afterwards it has nothing to do."""
    with source:
        shell("install")
        source.execute("UPDATE outbox.identity SET system_identifier = 1")
        assert shell("adopt").code == 2
        assert shell("adopt", "--yes", "--why", "moved").code == 0
        assert "nothing to do" in shell("adopt").out
        assert source.execute("SELECT why FROM outbox.decision").fetchall() == [("moved",)]
