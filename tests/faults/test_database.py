"""The database goes away, comes back, refuses to be written to, or is another one: nothing is lost, nobody is mailed
twice, and the clouds end as the views say. Servers of their own, since they are stopped.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from outbox import sandbox
from outbox.config import Secret, Settings
from outbox.relay.connection import connect
from outbox.service.process import Service
from outbox.service.upkeep import make_chores
from tests.conftest import Server
from tests.faults.passage import SOON, passage
from tests.faults.servers import Primary, Standby, either, primary
from tests.lane import RHYTHM, UNBRAKED, World, at_work, eventually
from tests.relay.conftest import _fill

BRISK = replace(RHYTHM, lease_s=5.0, safety_poll_s=0.5, grace_s=2.0)
_serial = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Primary, Server]]:
    with primary() as made:
        yield made, Server(made.dsn)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with sandbox.running() as url:
        yield url


@pytest.fixture
def world(server: tuple[Primary, Server], base_url: str) -> Iterator[World]:
    """Visma.net, with some users and companies in the cloud."""
    at = server[1]
    made = World(at.create(f"faults_{next(_serial)}", at.template("captured", _fill)), base_url, "visma_net")
    made.limits = UNBRAKED
    made.empty()
    for n in range(3):
        made.user(f"old{n}")
        made.company(f"00{n}")
        made.right(f"old{n}")
    made.settled()
    yield made
    made.close()


def reconnect(world: World) -> None:
    world.database.close()
    world.database = psycopg.connect(world.dsn, autocommit=True)


def change(world: World, n: int) -> None:
    """Something of every kind: a user, a project, a value, a renamed company, one who loses his right."""
    world.user(f"new{n}")
    world.right(f"new{n}")
    world.sql("INSERT INTO accountview.projects VALUES ('A1', %s, 'Dak', '2026-01-01')", f"P{n}")
    world.sql("INSERT INTO accountview.cost_types VALUES ('A1', %s, 'Huur')", f"{n}")
    world.sql("UPDATE accountview.companies SET name = %s WHERE code = '001'", f"Bedrijf {n}")
    world.sql("DELETE FROM accountview.administration_access WHERE user_code = %s", f"old{n}")


@contextmanager
def under_way(world: World) -> Iterator[Service]:
    """A relay at work in a slow cloud, with calls in flight when the block begins; in the end all is as it should."""
    world.fault("latency", latency_ms=100, times=None)
    # all that has come back is settled, however long the database is away
    service = world.service(rhythm=replace(BRISK, grace_s=20.0))
    with at_work(service):
        for n in range(3):
            change(world, n)
        eventually(lambda: world.sql("SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL") != [0])
        yield service
        world.heal()
        eventually(lambda: not world.pending())
    world.hold()
    assert len(set(world.invited())) == len(world.invited()) == 6


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_server_is_restarted(world: World, server: tuple[Primary, Server], mode: str) -> None:
    """In good order, or by a crash, in the middle of calls: the relay waits, connects again and goes on."""
    with under_way(world):
        server[0].restart(mode)
        reconnect(world)


def test_its_connections_are_terminated_again_and_again(world: World) -> None:
    """The lane's, the keeper's and the one beside, wherever each of them is."""
    with under_way(world):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            world.end_connections()
            time.sleep(0.1)


def test_the_server_becomes_read_only_for_a_while(world: World, server: tuple[Primary, Server]) -> None:
    """As a primary that was demoted: nothing is begun, what is in flight is settled afterwards, or looked up."""
    with under_way(world) as service:
        server[0].read_only(True)
        eventually(lambda: any("keeper interrupted" in line for line in world.heard.lines))  # all sessions know it
        eventually(lambda: not any(lane.sending.tasks for lane in service.lanes.values()))
        before = len(world.writes())
        time.sleep(0.5)
        assert len(world.writes()) == before
        server[0].read_only(False)


@contextmanager
def losing(world: World, server: tuple[Primary, Server]) -> Iterator[Standby]:
    """The world's way to the database leads to the primary, or to a standby once that was promoted."""
    name = world.database.info.dbname
    with server[0].followed() as standby:
        world.dsn = either(server[0], standby, name)
        try:
            yield standby
        finally:
            world.database.close()  # it was the standby's
            server[0].start()
            server[0].wait_for_standby(False)


def fail_over(world: World, server: tuple[Primary, Server], standby: Standby) -> None:
    server[0].crash()
    standby.promote()
    reconnect(world)


@pytest.mark.soak
def test_a_standby_that_has_everything_takes_over(world: World, server: tuple[Primary, Server]) -> None:
    """Synchronous: what was begun is known there. The relay finds it by itself."""
    with losing(world, server) as standby:
        server[0].wait_for_standby(True)
        world.sql("SET synchronous_commit = on")
        with under_way(world):
            fail_over(world, server, standby)
        assert world.sql("SELECT verify_since IS NOT NULL FROM outbox.target WHERE target = 'visma_net'") == [True]


def test_a_standby_that_lost_the_last_commits_takes_over(world: World, server: tuple[Primary, Server]) -> None:
    """Asynchronous: the cloud holds what the database has forgotten. Nothing counts as unchanged before a verify."""
    settings = Settings(dsn=Secret(""), targets={world.target: world.settings()}, verify_repair=True)
    chores = [c for c in make_chores(settings) if c.name == "verify"]
    with losing(world, server) as standby:
        reconnect(world)
        with at_work(Service(world.dsn, [world.target], world.make_lane, BRISK, chores=chores)):
            eventually(lambda: world.sql("SELECT count(*) FROM outbox.lanes WHERE holder IS NOT NULL") == [1])
            standby.stop_following()
            world.sql("UPDATE accountview.users SET last_name = 'Vergeten' WHERE code = 'old1'")
            world.user("lost")
            eventually(lambda: not world.pending())
            assert "lost@example.nl" in world.users()
            fail_over(world, server, standby)
            eventually(lambda: world.sql("SELECT count(*) FROM outbox.verified WHERE resource = 'users'") == [1])
            eventually(lambda: not world.pending())
            found = world.sql("SELECT different, unmanaged FROM outbox.verified WHERE resource = 'users'")
        world.witness.connection = world.database
        broken = world.witness.broken(lost=True)
    # whom the database has forgotten only verify can show: he stays in the cloud
    assert broken == ["I4: visma_net users lost@example.nl: is in the cloud, and no row asks for it"]
    assert found == [(1, 1)]
    assert [u["last_name"] for u in world.holds()["users"].values() if u["email"] == "old1@example.nl"] == ["Naam"]
    assert len(world.invited()) == 4


def test_every_packet_is_lost_for_a_while(world: World) -> None:
    """No end is told. The relay gives its connections up by the time-outs of TCP (30 s unless the DSN says otherwise),
    another one that can reach the database has its lanes when their lease has ended, and what was under way is
    looked up. When packets come through again the first one shares in the work.
    """
    holders = "SELECT DISTINCT split_part(holder, '/', 1) FROM outbox.lanes WHERE target = 'visma_net'"
    direct = world.dsn
    with passage(direct) as way:
        world.dsn = way.dsn
        with under_way(world):
            way.vanish()
            world.dsn = direct
            with at_work(world.service(rhythm=BRISK, holder="other")):
                eventually(lambda: world.sql(holders) == ["other"])
                eventually(lambda: not world.pending())
                eventually(lambda: any("keeper interrupted" in line for line in world.heard.lines))
                way.heal()
                eventually(lambda: world.sql("SELECT count(*) FROM outbox.relay WHERE expires_at > now()") == [2])
        given = {name: str(value) for name, value in conninfo_to_dict(way.dsn).items() if name not in SOON}
        plain = make_conninfo("", **given)
        connection = world.run(connect(plain))
        assert connection.info.get_parameters()["tcp_user_timeout"] == "30000"
        world.run(connection.close())


def test_the_server_acknowledges_and_never_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP sees nothing wrong. The beat of the keeper takes milliseconds, so where that has no answer nobody has: all
    connections are given up, and on new ones the relay goes on.
    """
    monkeypatch.setattr("outbox.relay.connection.SILENT_S", 1.0)
    with passage(world.dsn) as way:
        world.dsn = way.dsn
        with under_way(world):
            way.mute()
    assert any("keeper interrupted" in line for line in world.heard.lines)


def test_the_disk_is_full(server: tuple[Primary, Server], base_url: str) -> None:
    """No call can be recorded, since the file of that table is /dev/full: every write to it ends as on a full disk. The
    relay tries again, creates nothing twice meanwhile, and records once there is room.
    """
    name = f"faults_{next(_serial)}"
    world = World(server[1].create(name, server[1].template("captured", _fill)), base_url, "visma_net")
    world.empty()
    attempts = server[0].data / world.sql("SELECT pg_relation_filepath('outbox.attempt')")[0]
    kept = attempts.rename(attempts.with_suffix(".kept"))
    attempts.symlink_to("/dev/full")
    world.user("ann")
    world.company("001")
    with at_work(world.service(rhythm=BRISK)):
        eventually(lambda: sum("DiskFull" in line for line in world.heard.lines) > 1)
        assert world.invited() == ["ann@example.nl"]
        assert len(world.pending()) > 0
        attempts.unlink()
        kept.rename(attempts)
        eventually(lambda: not world.pending())
    world.recovered(killed=True)
    assert world.invited() == ["ann@example.nl"]
    assert len(world.holds()["tenants"]) == 1
    world.close()
