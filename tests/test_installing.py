"""Installing and going back with real processes, real dumps, and the roles that a person has."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

import outbox
from outbox import install
from outbox.install.uninstall import plan_uninstall, uninstall
from tests.bench import rig
from tests.conftest import fill_source
from tests.lane import eventually, recheck
from tests.programs import dump


@pytest.mark.parametrize("keep_data", [True, False])
def test_after_uninstall_all_is_as_before(empty_database: str, keep_data: bool) -> None:
    """To the letter of pg_dump, but for what the outbox holds where that is kept."""
    kept = ("-N", "outbox") if keep_data else ()
    with psycopg.connect(empty_database, autocommit=True) as connection:
        fill_source(connection)
        before = dump(empty_database)
        install.apply(connection, install.plan(connection))
        assert dump(empty_database, *kept) != before
        uninstall(connection, plan_uninstall(connection, keep_data=keep_data), keep_data=keep_data)
        assert dump(empty_database, *kept) == before
        there = connection.execute("SELECT to_regclass('outbox.message') IS NOT NULL").fetchone()
        assert there == (keep_data,)
        assert plan_uninstall(connection, keep_data=keep_data) == ()


def test_an_install_that_is_killed_between_tables(database: str) -> None:
    """Its process gets SIGKILL while it waits for a table: what is done is whole, and the next install completes it."""
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1]), "OUTBOX_DSN": database}
    with psycopg.connect(database) as writer, psycopg.connect(database, autocommit=True) as connection:
        writer.execute("UPDATE accountview.projects SET description = 'busy'")
        with subprocess.Popen([sys.executable, "-m", "outbox", "install"], env=env, cwd="/") as process:
            eventually(lambda: waiting(connection) > 0)
            process.kill()
        done = triggers(connection)
        assert done % 4 == 0
        writer.rollback()
        assert install.check(connection) != []
        install.apply(connection, install.plan(connection))
        assert triggers(connection) > done
        assert install.check(connection) == []


def waiting(connection: psycopg.Connection) -> int:
    """Sessions that want a lock on a table of the application."""
    row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'").fetchone()
    return int(row[0]) if row else 0


def triggers(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM pg_trigger WHERE tgname ~ '^outbox_'").fetchone()
    return int(row[0]) if row else 0


def test_uninstall_wants_the_name_typed(database: str) -> None:
    """At a terminal: another name changes nothing; the name of the database goes on."""
    env = {**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parents[1]), "OUTBOX_DSN": database}
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(database, autocommit=True) as connection:
        install.apply(connection, install.plan(connection))
        for typed, agreed, left in (("production", False, triggers(connection)), (str(name), True, 0)):
            ours, theirs = pty.openpty()
            os.write(ours, f"{typed}\n".encode())
            done = subprocess.run([sys.executable, "-m", "outbox", "uninstall"], stdin=theirs, env=env, cwd="/")
            assert (done.returncode == 0, triggers(connection)) == (agreed, left)
            os.close(ours)
            os.close(theirs)


def test_the_switch_while_writers_run(database: str) -> None:
    """Off and on need no lock of theirs, twice is as once; who wrote meanwhile is rechecked when he ended."""
    with psycopg.connect(database, autocommit=True) as dba, psycopg.connect(database) as writer:
        install.apply(dba, install.plan(dba))
        dba.execute("UPDATE outbox.target SET active_since = now()")
        dba.execute("SET lock_timeout = '1s'")
        writer.execute("UPDATE accountview.projects SET description = 'a'")
        for _ in range(2):
            dba.execute("SELECT outbox.capture_off()")
        writer.execute("UPDATE accountview.projects SET description = 'b'")
        for _ in range(2):
            dba.execute("SELECT outbox.capture_on()")
        dba.execute("DELETE FROM outbox.message")
        dba.execute("SELECT outbox.recheck_unseen()")
        assert dba.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)
        writer.commit()
        recheck(dba)
        found = dba.execute("SELECT count(*) FROM outbox.message WHERE source = 'recheck'").fetchone()
        views = dba.execute("SELECT count(*) FROM outbox.manifest WHERE kind = 'view'").fetchone()
        assert found == views
        assert install.check(dba) == []


def test_the_switch_while_a_relay_notes_who_is_running(database: str) -> None:
    """Who began while it waited for the switch, and wrote unseen, is waited for as well."""
    with (
        psycopg.connect(database, autocommit=True) as relay,
        psycopg.connect(database) as dba,
        psycopg.connect(database) as writer,
    ):
        install.apply(relay, install.plan(relay))
        relay.execute("UPDATE outbox.target SET active_since = now()")
        relay.execute("SELECT outbox.capture_off()")
        dba.execute("SELECT outbox.capture_on()")
        noting = threading.Thread(target=relay.execute, args=("SELECT outbox.recheck_unseen()",))
        noting.start()
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        eventually(lambda: writer.execute(blocked, [relay.info.backend_pid]).fetchone() == (1,))
        writer.rollback()
        writer.execute("UPDATE accountview.projects SET description = 'unseen'")
        dba.commit()
        noting.join()
        relay.execute("SELECT outbox.recheck_unseen()")
        found = "SELECT count(*) > 0 FROM outbox.message WHERE source = 'recheck'"
        assert relay.execute(found).fetchone() == (False,)
        writer.commit()
        recheck(relay)
        assert relay.execute(found).fetchone() == (True,)


def test_an_install_by_hand_while_capture_is_off(database: str) -> None:
    """capture_on() does not bring back a function that is older than the installed one."""
    with psycopg.connect(database, autocommit=True) as dba:
        install.apply(dba, install.plan(dba))
        name = "outbox.capture_accountview_projects"
        whole = dba.execute("SELECT pg_get_functiondef(%s::regproc)", [name]).fetchone()
        assert whole is not None
        dba.execute("SELECT outbox.capture_off()")
        dba.execute(whole[0].replace("BEGIN\n", "BEGIN -- newer\n", 1).encode())
        dba.execute("SELECT outbox.capture_on()")
        now = dba.execute("SELECT pg_get_functiondef(%s::regproc)", [name]).fetchone()
        assert now is not None
        assert "-- newer" in now[0]


def test_a_hundred_views_over_a_hundred_tables(empty_database: str) -> None:
    """Installed whole, and then nothing is left to do. How long it takes: python -m tests.bench install."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        rig.run(connection, "hundred_views")
        install.apply(connection, install.plan(connection))
        assert triggers(connection) == 400
        assert install.check(connection) == []
        assert not install.plan(connection)
        connection.execute("UPDATE src.t_7 SET description = 'x'")
        found = connection.execute("SELECT resource, key FROM outbox.message ORDER BY id").fetchall()
        assert found == [("cost_centres", ["7", "c"])]
