"""Whose outbox this is: a copy of the database sends nothing, and after a fail-over nothing is taken on trust."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from outbox import install
from outbox.errors import LeaseLost, NotAtHome
from outbox.install import drift
from outbox.operator import erase
from outbox.register.request import confirm
from tests.conftest import Server
from tests.lane import RHYTHM, World, at_work, eventually, recheck
from tests.programs import program
from tests.relay.conftest import _fill


@pytest.fixture
def world(server: Server, base_url: str) -> Iterator[World]:
    """AccountView.Net, active, with one user in the cloud."""
    with server.cloned(server.template("captured", _fill)) as dsn:
        made = World(dsn, base_url, "accountview_net")
        made.empty()
        made.user("jansen")
        made.settled()
        yield made
        made.close()


@pytest.fixture
def copied(world: World, server: Server) -> Iterator[World]:
    """The same database once more, as CREATE DATABASE ... TEMPLATE makes it, with the settings of production."""
    source = psycopg.conninfo.conninfo_to_dict(world.dsn)["dbname"]
    name = f"copy_of_{source}"
    world.database.close()
    with psycopg.connect(server.dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(str(source)))
        )
    world.database = psycopg.connect(world.dsn, autocommit=True)
    made = World(server.database(name), world.base_url, world.target)
    yield made
    made.close()
    server.drop(name)


@pytest.fixture
def restored(world: World, server: Server, tmp_path: Path) -> Iterator[World]:
    """The same from pg_dump."""
    dump(world.dsn, tmp_path / "dump.sql")
    with server.cloned() as dsn:
        load(dsn, tmp_path / "dump.sql")
        made = World(dsn, world.base_url, world.target)
        yield made
        made.close()


def dump(dsn: str, file: Path, *options: str) -> None:
    subprocess.run([program(dsn, "pg_dump"), *options, "-f", str(file), dsn], check=True)


def load(dsn: str, file: Path) -> None:
    command = [program(dsn, "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", str(file), dsn]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def content(world: World) -> dict[str, list[str]]:
    """What the outbox holds, but for whose it is."""
    tables = world.sql("SELECT relname FROM pg_class WHERE relnamespace = 'outbox'::regnamespace AND relkind = 'r'")
    return {
        table: sorted(map(str, world.sql(f"SELECT to_jsonb(t) FROM outbox.{table} AS t")))
        for table in tables
        if table != "identity"
    }


# -- a copy


def test_a_copied_outbox_sends_nothing(copied: World) -> None:
    """Capture goes on writing; the relay ends with a sentence, before it has taken a lease."""
    copied.user("smit")
    with pytest.raises(NotAtHome, match="belongs to another"):
        copied.once()
    assert copied.users() == ["jansen@example.nl"]
    assert copied.sql("SELECT count(*) FROM outbox.lease WHERE expires_at > now()") == [0]


def test_a_copied_outbox_registers_nothing(copied: World) -> None:
    """Also not through SQL."""
    with pytest.raises(psycopg.DatabaseError, match="was restored or copied") as e:
        confirm(copied.database, copied.target)
    assert e.value.sqlstate == "OB001"
    assert copied.sql("SELECT count(*) FROM outbox.message WHERE operation = 'REGISTER'") == [0]


DECIDED = (
    "SELECT outbox.approve('accountview_net')",
    "SELECT outbox.reject('accountview_net', why => 'no')",
    "SELECT outbox.skip('accountview_net', why => 'no')",
    "SELECT outbox.retry('accountview_net')",
    "SELECT outbox.resume('accountview_net')",
)


def test_nothing_is_decided_in_a_copy(copied: World) -> None:
    """What was held, refused or paused in production is decided there; a pause is no risk, so it may be set."""
    for statement in DECIDED:
        with pytest.raises(psycopg.DatabaseError, match="was restored or copied"):
            copied.sql(statement)
    copied.sql("DELETE FROM accountview.users; UPDATE outbox.message SET status = 'done', outcome = 'skipped',"
               " settled_at = now() WHERE status = 'pending'")  # fmt: skip
    person = erase.find_person(copied.database, "jansen")
    with pytest.raises(psycopg.DatabaseError, match="was restored or copied"):
        erase.erase(copied.database, person)
    assert copied.sql("SELECT outbox.pause('accountview_net', reason => 'a copy')") == [True]


def test_an_adopted_copy_goes_on_and_trusts_nothing(copied: World) -> None:
    """Who adopted it, when and why is kept; the user is not invited again."""
    copied.sql("UPDATE outbox.lease SET holder = 'there', expires_at = now() + interval '1 second'")
    assert copied.sql("SELECT outbox.adopt('moved to the new server')") == [True]
    assert copied.sql("SELECT count(*) FROM outbox.lease WHERE abandoned_at > now()") == [
        2
    ]  # its calls may be under way
    copied.user("smit")
    copied.message("users", "jansen")
    copied.settled()
    assert copied.ended("users", "jansen")[-1] == "updated"
    assert copied.invited() == ["jansen@example.nl", "smit@example.nl"]
    assert copied.sql("SELECT decision, why FROM outbox.decision WHERE decision = 'adopt'") == [
        ("adopt", "moved to the new server")
    ]


def test_adopting_at_home_does_nothing(world: World) -> None:
    """It is no way to mark everything for comparing."""
    assert world.sql("SELECT outbox.adopt()") == [False]
    assert world.sql("SELECT count(*) FROM outbox.decision WHERE decision = 'adopt'") == [0]
    assert world.sql("SELECT count(*) FROM outbox.target WHERE verify_since IS NOT NULL") == [0]


def test_the_source_of_the_copy_is_still_at_home(world: World, copied: World) -> None:
    copied.sql("SELECT outbox.adopt()")
    world.user("smit")
    world.settled()


def test_flags_and_leases_of_the_other_database_go(copied: World) -> None:
    """Else every writer would ring for a relay that is elsewhere, and the first relay here would wait for it."""
    copied.sql("INSERT INTO outbox.bell (holder) VALUES ('there/1')")
    copied.sql("UPDATE outbox.lease SET holder = 'there/1', expires_at = now() + interval '1 hour'")
    copied.sql("SELECT outbox.adopt()")
    assert copied.sql("SELECT count(*) FROM outbox.bell") == [0]
    copied.user("smit")
    copied.settled()


# -- a dump


def test_a_dump_keeps_everything_but_the_identity(world: World, restored: World) -> None:
    """Messages, mirror, functions, triggers and what install remembers."""
    assert content(restored) == content(world)
    world.user("smit")
    restored.user("smit")
    with pytest.raises(NotAtHome):
        restored.once()
    restored.sql("SELECT outbox.adopt()")
    restored.settled()
    assert install.check(restored.database) == []
    assert drift.drifted(restored.database) == {}
    restored.sql("DELETE FROM outbox.message")
    install.apply(restored.database, install.plan(restored.database))
    assert restored.pending() == []
    assert not install.plan(restored.database)


def test_numbers_of_columns_are_others_after_a_restore(world: World, server: Server, tmp_path: Path) -> None:
    """A dropped column leaves a gap that a restore closes; that is no drift, and a real change is still found."""
    world.sql("ALTER TABLE accountview.users DROP COLUMN IF EXISTS phone, ADD COLUMN phone text")
    world.sql("ALTER TABLE accountview.users DROP COLUMN phone, ADD COLUMN nick text")
    world.sql("CREATE OR REPLACE VIEW accountview_net.users AS SELECT code AS user_code, first_name, last_name,"
              " nullif(nick, '') AS email, 'nl' AS language, 'NL' AS country_code, NULL::text[] AS missing,"
              " false AS withdrawn FROM accountview.users")  # fmt: skip
    install.apply(world.database, install.plan(world.database))
    dump(world.dsn, tmp_path / "dump.sql")
    with server.cloned() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        load(dsn, tmp_path / "dump.sql")
        assert drift.drifted(connection) == {}
        assert install.check(connection) == []
        connection.execute("ALTER TABLE accountview.users RENAME COLUMN nick TO nickname")
        assert ("accountview_net", "users") in drift.drifted(connection)


def test_a_restore_into_the_same_database_is_noticed(world: World, tmp_path: Path) -> None:
    """What pg_restore --clean brings back is older than what the cloud has."""
    dump(world.dsn, tmp_path / "dump.sql", "--clean")
    load(world.dsn, tmp_path / "dump.sql")
    world.user("smit")
    with pytest.raises(NotAtHome):
        world.once()


def test_a_recheck_waits_for_no_transaction_of_another_cluster(copied: World) -> None:
    """What an install there waited for has ended: its numbers are far ahead of those here."""
    waited = '{"mark": "999999999999", "running": ["9/9"]}'
    copied.sql("INSERT INTO outbox.manifest (kind, name, hash, version, facts)"
               " VALUES ('recheck', 'accountview_net.users', '', '', %s)", waited)  # fmt: skip
    copied.sql("SELECT outbox.adopt()")
    recheck(copied.database)
    assert copied.sql("SELECT source FROM outbox.message WHERE operation = 'DRIFT'") == ["recheck"]


def test_numbers_that_did_not_come_along_go_on(copied: World) -> None:
    """Logical replication copies no sequences: no writer, call or decision gets a number that is there already."""
    copied.sql("INSERT INTO outbox.decision (decision) VALUES ('adopt')")
    tables = ("message", "attempt", "decision")
    for table in tables:
        copied.sql(f"SELECT setval('outbox.{table}_id_seq', 1, false)")
    copied.sql("SELECT outbox.adopt()")
    copied.user("smit")
    copied.settled()
    for table in tables:
        assert copied.sql(f"SELECT last_value = (SELECT max(id) FROM outbox.{table}) FROM outbox.{table}_id_seq") == [
            True
        ]


def test_messages_of_another_cluster_are_claimed_once(copied: World) -> None:
    """Its transaction ids may be far ahead of those here."""
    copied.message("users", "jansen")
    copied.sql("UPDATE outbox.message SET transaction = '999999999999' WHERE status = 'pending'")
    copied.sql("SELECT outbox.adopt()")
    assert copied.sql("SELECT count(*) FROM outbox.message WHERE transaction > pg_current_xact_id()") == [0]
    copied.settled()


# -- a fail-over


def test_after_a_fail_over_nothing_is_unchanged(world: World) -> None:
    """The last commits before it may be lost: what the mirror says is sent again when it is looked at, once."""
    world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
    for _ in range(2):
        world.message("users", "jansen")
        world.settled()
    assert world.ended("users", "jansen")[-2:] == ["updated", "unchanged"]
    assert world.invited() == ["jansen@example.nl"]
    assert world.sql("SELECT verify_since IS NOT NULL FROM outbox.target WHERE target = 'accountview_net'") == [True]


def test_after_a_fail_over_a_recheck_leaves_nothing_out(world: World) -> None:
    """Expansion trusts the mirror no more than the comparison does."""
    world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
    world.once()
    world.register("users")
    world.settled()
    assert world.ended("users", "jansen")[-1] == "updated"


def test_a_fail_over_is_noticed_once(world: World) -> None:
    """By one of the relays; `outbox verify` ends it, and then all is as before."""
    world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
    assert [world.sql("SELECT outbox.notice_fail_over()") for _ in range(2)] == [[True], [False]]
    world.sql("UPDATE outbox.target SET verify_since = NULL")
    world.message("users", "jansen")
    world.settled()
    assert world.ended("users", "jansen")[-1] == "unchanged"


def test_after_a_fail_over_no_epoch_of_before_counts(world: World) -> None:
    """That a lane had passed to a relay may be what was lost: then the next one is given the same number again."""
    world.user("smit")
    with world.stepping("before") as before:
        before.begin()
        before.land()
        world.sql("UPDATE outbox.lease SET epoch = epoch - 1, expires_at = '-infinity'")
        world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
        with world.stepping("after") as after:
            assert after.store.holding.held == before.store.holding.held
            assert world.run(after.store.notice_fail_over())
            with pytest.raises(LeaseLost):
                before.settle()
            with pytest.raises(LeaseLost):
                world.run(after.store.settle([], []))
    world.sql("UPDATE outbox.lease SET abandoned_at = now()")
    world.settled()
    assert sorted(world.invited()) == ["jansen@example.nl", "smit@example.nl"]


def test_what_comes_back_after_a_fail_over_settles_no_message_of_the_other_server(world: World) -> None:
    """Its last commits are lost, and the numbers of its last messages are given again: another change has one."""
    world.sql("INSERT INTO accountview.users VALUES ('smit', 'Jan', 'Smit', 'smit@example.nl')")
    world.drain()
    with at_work(world.service(rhythm=replace(RHYTHM, lease_s=5.0))):
        world.fault("latency", "PUT", "/users/", latency_ms=60_000)
        world.sql("UPDATE accountview.users SET last_name = 'Lost' WHERE code = 'jansen'")
        eventually(lambda: world.mirror("users", "jansen")["in_doubt"])
        with world.database.transaction():
            world.sql("SET LOCAL session_replication_role = replica")
            world.sql("UPDATE accountview.users SET last_name = 'Naam' WHERE code = 'jansen'")
            world.sql("UPDATE accountview.users SET last_name = 'Smid' WHERE code = 'smit'")
            world.sql("UPDATE outbox.mirror SET in_doubt = NULL, intent = NULL")
            world.sql("UPDATE outbox.message SET key = '{smit}' WHERE status = 'pending'")
            world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
        world.end_connections()
        world.heal()
        eventually(lambda: not world.pending())
    world.hold(killed=True, lost=True)


def test_another_servers_clock_may_be_behind(world: World) -> None:
    """What was acknowledged by the server of before is not newer than the fail-over, whatever its clock said."""
    world.sql("UPDATE outbox.mirror SET confirmed_at = now() + interval '1 hour'")
    world.sql("UPDATE outbox.identity SET timeline = timeline - 1")
    world.message("users", "jansen")
    world.settled()
    assert world.ended("users", "jansen")[-1] == "updated"


def test_a_relay_that_reconnects_looks_again(world: World) -> None:
    """The database behind its name may be another one since."""

    async def run() -> None:
        service = world.service()
        serving = asyncio.create_task(service.run())
        while not service.lanes:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        world.sql("UPDATE outbox.identity SET system_identifier = 1")
        world.end_connections()
        await asyncio.wait_for(serving, 60)

    with pytest.raises(NotAtHome):
        world.run(run())
