"""What raises no error in capture is found by the running relay: it has all that may have been missed rechecked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from outbox import install
from outbox.service.watch import Watch
from tests.lane import RHYTHM, World, at_work, eventually, forget_recheck

DRIFT = "SELECT resource || ' ' || source FROM outbox.message WHERE operation = 'DRIFT' ORDER BY id"
OFTEN_S = 0.1


def drift(world: World) -> list[str]:
    return [what for what in world.sql(DRIFT) if isinstance(what, str)]


@contextmanager
def watching(world: World) -> Iterator[None]:
    """A relay that looks every 0.1 s, and rechecks what is not mended once only."""
    service = world.service()
    service.rhythm = type(RHYTHM)(**{**vars(RHYTHM), "watch_s": OFTEN_S, "safety_poll_s": 0.1})
    service.watch = Watch(world.dsn).look
    with at_work(service):
        yield


VIEW = (
    "CREATE OR REPLACE VIEW accountview_net.users AS SELECT code AS user_code, first_name, last_name,"
    " {email} AS email, language, CASE WHEN accountview.filled('NL') THEN 'NL' END AS country_code,"
    " NULL::text[] AS missing, false AS withdrawn"
    " FROM accountview.users"
)


@pytest.fixture
def world(apart: World) -> World:
    """With a user in the cloud."""
    apart.sql(VIEW.format(email="email"))
    install.apply(apart.database, install.plan(apart.database))
    apart.user("jansen")
    apart.settled()
    forget_recheck(apart.database)
    apart.sql("DELETE FROM outbox.message")
    return apart


CHANGES = [
    ("ALTER TABLE accountview.users RENAME email TO email_old; ALTER TABLE accountview.users ADD email text", "users"),
    ("ALTER TABLE accountview.users RENAME email TO mail", "users"),
    (VIEW.format(email="coalesce(email, 'geen@example.nl')"), "users"),
    ("ALTER TABLE accountview.users DISABLE TRIGGER outbox_update", "users"),
    ("DROP TRIGGER outbox_delete ON accountview.users", "users"),
    ("CREATE OR REPLACE FUNCTION outbox.capture_accountview_users() RETURNS trigger LANGUAGE plpgsql AS"
     " 'BEGIN RETURN NULL; END'", "users"),
    ("CREATE TABLE accountview.more_users () INHERITS (accountview.users)", "users"),
    ("CREATE OR REPLACE FUNCTION accountview.filled(value text) RETURNS boolean LANGUAGE sql IMMUTABLE"
     " RETURN coalesce(value, '') <> ''", "users"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "resource"), CHANGES)
def test_it_is_found_and_rechecked(world: World, change: str, resource: str) -> None:
    """One coarse message while it lasts, one more when it is mended; check says what to do, then it is exact again."""
    with watching(world):
        world.sql(change)
        eventually(lambda: f"{resource} relay" in drift(world))
        time.sleep(5 * OFTEN_S)
        found = drift(world)
        assert len(found) == len(set(found)), found
        assert {f.mend for f in install.check(world.database)} == {"outbox install"}
        install.apply(world.database, install.plan(world.database))
        eventually(lambda: drift(world).count(f"{resource} relay") >= 2)
        eventually(lambda: f"{resource} recheck" in drift(world))
    assert install.check(world.database) == []
    world.sql("DELETE FROM outbox.message")
    world.sql("UPDATE accountview.users SET first_name = 'Joop' WHERE code = 'jansen'")
    assert [m[2] for m in world.pending() if m[1] == "users"] == [["jansen"]]
    world.drain()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE accountview.users RENAME email TO mail",
        "DROP VIEW accountview_net.users, visma_net.users;"
        " ALTER TABLE accountview.users ALTER email TYPE varchar(200); " + VIEW.format(email="email"),
    ],
)
def test_writers_do_not_notice(world: World, change: str) -> None:
    """A column is renamed or retyped while they run: none of their statements fails, and nothing is missed."""
    stop, errors = threading.Event(), []

    def write(number: int) -> None:
        with psycopg.connect(world.dsn, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    connection.execute("UPDATE accountview.users SET first_name = first_name || 'x', last_name = 'y'"
                                       " WHERE code = %s", [f"u{number}"])  # fmt: skip
                except psycopg.Error as e:
                    errors.append(e)

    for number in range(3):
        world.user(f"u{number}", first="v")
    world.settled(lost=True)
    writers = [threading.Thread(target=write, args=[n]) for n in range(3)]
    with watching(world):
        for writer in writers:
            writer.start()
        with world.database.transaction():
            world.database.execute(change.encode())
        eventually(lambda: "users relay" in drift(world))
        stop.set()
        for writer in writers:
            writer.join()
        install.apply(world.database, install.plan(world.database))
        eventually(lambda: not world.pending())
    assert errors == []
    assert world.differences() == []


def test_a_change_that_capture_missed_arrives(world: World) -> None:
    """By a trigger that watches the wrong column nothing is written; the recheck finds it all the same."""
    with watching(world):
        world.sql("ALTER TABLE accountview.users RENAME email TO email_old")
        world.sql("ALTER TABLE accountview.users ADD email text")
        world.sql("UPDATE accountview.users SET email_old = 'nieuw@example.nl'")
        eventually(lambda: world.users() == ["nieuw@example.nl"])


def test_it_is_rechecked_again_while_it_lasts(world: World) -> None:
    """Every ten minutes, and at once when it looks otherwise than before."""
    now = [0.0]
    watch = Watch(world.dsn, 600, lambda: now[0])
    world.sql("ALTER TABLE accountview.users DISABLE TRIGGER outbox_update")
    counts = []
    for at in (0.0, 300.0, 599.0, 600.0, 601.0, 1200.0):
        now[0] = at
        watch.look(["accountview_net"])
        counts.append(drift(world).count("users relay"))
    assert counts == [1, 1, 1, 2, 2, 3]
    world.sql(VIEW.format(email="lower(email)"))
    watch.look(["accountview_net"])
    assert drift(world).count("users relay") == 4


def test_only_what_this_relay_serves_is_rechecked(world: World) -> None:
    """And only for targets that are active: the others have everything rechecked by their first register."""
    world.sql("ALTER TABLE accountview.users DISABLE TRIGGER outbox_update")
    watch = Watch(world.dsn)
    watch.look(["visma_net"])
    assert drift(world) == []
    watch.look(["accountview_net"])
    assert drift(world) != []


def test_capture_that_is_off_is_no_drift(world: World) -> None:
    """Somebody wanted it; capture_on() rechecks everything."""
    world.sql("SELECT outbox.capture_off()")
    Watch(world.dsn).look(["accountview_net"])
    assert drift(world) == []


def test_a_look_needs_no_lock_and_survives_no_database(world: World) -> None:
    """A table under DDL makes it wait for nothing; a lost database is the relay's own worry."""
    with psycopg.connect(world.dsn) as other:
        other.execute("LOCK TABLE accountview.users IN ACCESS EXCLUSIVE MODE")
        Watch(world.dsn).look(["accountview_net"])
    Watch("postgresql://nobody@127.0.0.1:1/none").look(["accountview_net"])
    assert drift(world) == []


def test_a_manifest_that_is_not_understood_ends_no_relay(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """As another version of the program left it: the log says so at each look, until it is installed anew."""
    world.sql("UPDATE outbox.manifest SET facts = '{}' WHERE kind = 'view'")
    look = Watch(world.dsn).look
    look(["accountview_net"])
    look(["accountview_net"])
    assert [r.getMessage() for r in caplog.records if r.name == "outbox.watch"] == ["no look for drift"] * 2


def test_relay_once_looks_first(world: World) -> None:
    """What it finds is rechecked by this very run."""
    world.sql("ALTER TABLE accountview.users DISABLE TRIGGER outbox_update")
    world.sql("UPDATE accountview.users SET first_name = 'Joop'")

    service = world.service(once=True)
    service.watch = Watch(world.dsn).look
    world.run(service.run())
    assert world.pending() == []
    assert world.ended("users", "jansen")[-1] == "updated"


def test_who_wrote_before_and_commits_later_is_not_missed(world: World) -> None:
    """A transaction that wrote while a trigger was disabled may end after install has rechecked."""
    world.sql("ALTER TABLE accountview.users DISABLE TRIGGER outbox_update")
    with watching(world):
        with psycopg.connect(world.dsn) as writer:
            writer.execute("UPDATE accountview.users SET first_name = 'Joop'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                world.sql("SET lock_timeout = '50ms'; ALTER TABLE accountview.users ENABLE TRIGGER outbox_update")
            world.sql("RESET lock_timeout")
        eventually(lambda: any(u["first_name"] == "Joop" for u in world.holds()["users"].values()))
