"""The app catalogue."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from outbox.config import Settings
from outbox.config.values import Secret
from outbox.errors import CloudError, OutboxError
from outbox.operator.apps import Pulled, pull
from outbox.relay.connection import connect
from outbox.service.process import Service
from outbox.service.upkeep import make_chores
from outbox.verify import reading
from outbox.verify.store import Questions
from tests.lane import RHYTHM, World, at_work, eventually

pytestmark = pytest.mark.usefixtures("rereading_soon")


def pulled(world: World) -> Pulled:
    async def run() -> Pulled:
        async with await connect(world.dsn) as connection, reading(connection, world.settings()) as listed:
            return await pull(connection, listed)

    return world.run(run())


def catalogue(world: World) -> dict[str, bool]:
    """app code -> is it offered?"""
    return dict(world.sql("SELECT app_code, vanished_at IS NULL FROM outbox.application ORDER BY app_code"))


def listed(world: World, *apps: str) -> None:
    """What the cloud lists from now on."""
    world.heal()
    body = {"applications": [{"id": a, "name": f"App {a}", "vendor": "Derden BV"} for a in apps], "total_pages": 1}
    world.fault("status", "GET", "/applications$", times=None, status=200, body=body)


def test_the_catalogue_is_brought_in(world: World) -> None:
    """Third parties' apps too, with name and vendor."""
    got = pulled(world)
    assert (got.listed, got.new) == (5, 5)
    assert world.sql("SELECT name, vendor FROM outbox.application WHERE app_code = 'REPORTING'") == [
        ("Rapportage", "Cijferhuis")
    ]


def test_an_app_that_vanishes_is_marked_and_one_that_comes_back_unmarked(world: World) -> None:
    """Somebody may still have it, so it is not deleted."""
    listed(world, "A", "B")
    pulled(world)
    listed(world, "B")
    assert pulled(world) == Pulled(listed=1, new=0, back=0, vanished=1)
    assert catalogue(world) == {"A": False, "B": True}
    assert pulled(world).vanished == 0
    listed(world, "A", "B")
    assert pulled(world) == Pulled(listed=2, new=0, back=1, vanished=0)
    assert catalogue(world) == {"A": True, "B": True}


@pytest.mark.parametrize("fault", [
    {"kind": "status", "status": 500},
    {"kind": "html"},
    {"kind": "truncate"},
    {"kind": "status", "status": 404, "body": {"error_code": "ERROR_NOT_FOUND"}},
    {"kind": "status", "status": 200, "body": {"applications": [], "total_pages": 1}},
    {"kind": "status", "status": 200, "body": {"applications": [{"name": "no id"}], "total_pages": 1}},
    {"kind": "status", "status": 200, "body": {"applications": [{"id": "A"}], "total_applications": 2}},
], ids=lambda f: f["kind"] + str(f.get("body", "")))  # fmt: skip
def test_an_empty_or_failed_answer_changes_nothing(world: World, fault: dict[str, Any]) -> None:
    """No app vanishes because a list could not be read."""
    pulled(world)
    before = catalogue(world)
    world.fault(**fault, method="GET", path="/applications$", times=None)
    with pytest.raises((CloudError, OutboxError)):
        pulled(world)
    assert catalogue(world) == before


def test_no_source_table_is_written(world: World) -> None:
    """The relay writes the outbox's own table alone."""
    before = world.sql("SELECT to_jsonb(a) FROM accountview.apps AS a")
    pulled(world)
    assert world.sql("SELECT to_jsonb(a) FROM accountview.apps AS a") == before


def test_an_application_may_be_let_in_to_read_it(world: World) -> None:
    """Two grants, as the page `comparing` has them, and nothing else opens with them."""
    pulled(world)
    world.sql("DROP ROLE IF EXISTS boekhouding")
    world.sql("CREATE ROLE boekhouding LOGIN")
    try:
        world.sql("GRANT USAGE ON SCHEMA outbox TO boekhouding")
        world.sql("GRANT SELECT ON outbox.application TO boekhouding")
        with psycopg.connect(make_conninfo(world.dsn, user="boekhouding"), autocommit=True) as application:
            assert application.execute("SELECT count(*) FROM outbox.application").fetchone() == (5,)
            for refused in ("DELETE FROM outbox.application", "SELECT FROM outbox.mirror"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    application.execute(refused)
    finally:
        world.sql("DROP OWNED BY boekhouding")
        world.sql("DROP ROLE boekhouding")


def settings(world: World, **changes: Any) -> Settings:
    return Settings(dsn=Secret(world.dsn), targets={world.target: world.settings()}, **changes)


def test_the_relay_pulls_it(world: World) -> None:
    """At its start, and every hour."""
    chores = make_chores(settings(world, verify_every_s=0.0, prune_every_s=0.0))
    assert [(c.name, c.every_s) for c in chores if c.name != "verify"] == [("apps", 3600.0)]
    with at_work(Service(world.dsn, [world.target], world.make_lane, RHYTHM, chores=chores)):
        eventually(lambda: len(catalogue(world)) == 5)


def test_a_target_without_a_catalogue_is_not_asked(erp: World) -> None:
    """Visma.net has none."""
    chores = make_chores(settings(erp, verify_every_s=0.0, apps_every_s=0.01))
    with at_work(Service(erp.dsn, [erp.target], erp.make_lane, RHYTHM, chores=chores)):
        erp.user("ann")
        eventually(lambda: erp.invited() == ["ann@example.nl"])
    assert erp.calls("GET", "/applications") == []


def test_the_relay_verifies_once_a_day_and_only_reports(world: World) -> None:
    """A day after the first register; then a day later. Nothing is set back unless the settings say so."""
    world.user("ann")
    world.drain()
    with world.uncaptured():
        world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    results = "SELECT result FROM outbox.verified WHERE resource = 'users'"

    def runs(**changes: Any) -> Any:
        chores = [c for c in make_chores(settings(world, **changes)) if c.name == "verify"]
        return at_work(Service(world.dsn, [world.target], world.make_lane, RHYTHM, chores=chores))

    with runs():
        world.user("bob")
        eventually(lambda: len(world.invited()) == 2)
    assert world.sql(results) == []
    world.sql("UPDATE outbox.target SET active_since = now() - interval '25 hours' WHERE target = %s", world.target)
    with runs():
        eventually(lambda: world.sql(results) == ["different"])
    assert world.differences() != []
    first = world.sql("SELECT max(finished_at) FROM outbox.verified")[0]
    with runs():
        world.user("cor")
        eventually(lambda: len(world.invited()) == 3)
    assert world.sql("SELECT max(finished_at) FROM outbox.verified")[0] == first
    world.sql("UPDATE outbox.verified SET finished_at = now() - interval '25 hours'")
    with runs(verify_repair=True):
        eventually(lambda: world.differences() == [])


@pytest.mark.parametrize("every_s", [86_400.0, 0.0])
def test_after_a_restore_the_relay_verifies_at_once(world: World, every_s: float) -> None:
    """Nothing counts as unchanged until then; also where it is never to verify otherwise."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE outbox.target SET active_since = '2020-01-01' WHERE target = %s", world.target)
    world.sql("UPDATE outbox.target SET verify_since = clock_timestamp() WHERE target = %s", world.target)
    chores = [c for c in make_chores(settings(world, verify_every_s=every_s)) if c.name == "verify"]
    with at_work(Service(world.dsn, [world.target], world.make_lane, RHYTHM, chores=chores)):
        eventually(
            lambda: world.sql("SELECT verify_since FROM outbox.target WHERE target = %s", world.target) == [None]
        )


def test_a_relay_that_is_never_to_verify_does_not(world: World) -> None:
    """verify_every_s = 0: without a restore nothing is due, however long ago the first register was."""

    async def due(every_s: float) -> bool:
        async with await connect(world.dsn) as connection:
            return await Questions(connection, world.target).is_due(every_s)

    world.sql("UPDATE outbox.target SET active_since = '2020-01-01' WHERE target = %s", world.target)
    assert world.run(due(1.0))
    assert not world.run(due(0.0))
