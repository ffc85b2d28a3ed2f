"""In doubt: a call was started and its outcome is not known. It is looked up, never guessed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from outbox import sqlfiles
from outbox.errors import LeaseLost
from tests.lane import RHYTHM, TIMES, World, at_work, eventually

LOST = pytest.mark.parametrize("kind", ["drop_before", "drop_after"])


def test_the_intent_is_committed_before_the_call_leaves(world: World) -> None:
    """The mirror row is in doubt with the e-mail that is being sent, and the attempt is counted."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        row = world.mirror("users", "ann") or {}
        assert (row["remote_id"], row["document"], row["sending"]) == (None, None, ["ann@example.nl"])
        assert row["in_doubt"]
        assert world.sql("SELECT attempts FROM outbox.message WHERE key = '{ann}' AND status = 'pending'"
                         " AND target = 'accountview_net' AND resource = 'users'") == [1]  # fmt: skip
        assert world.calls() == []
    world.recovered()


@pytest.mark.parametrize("applied", [False, True])
def test_a_relay_that_dies_after_begin_leaves_nothing_wrong(world: World, applied: bool) -> None:
    """Applied or not: its successor looks, and nobody is invited twice."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        if applied:
            relay.land()
    world.settled()
    assert world.invited() == ["ann@example.nl"]


@pytest.mark.parametrize("fault", [None, "drop_after"])
def test_a_mail_that_no_relay_lived_to_record_is_in_the_audit(world: World, fault: str | None) -> None:
    """Once, as is one whose answer was lost: what left the building, and whom it invited."""
    world.user("ann")
    if fault:
        world.fault(fault, "POST", "/users$")
    with world.stepping() as relay:
        relay.begin()
        relay.land()
        if fault:
            relay.settle()
    world.settled()
    assert world.invited() == ["ann@example.nl"]
    invitations = world.database.execute(sqlfiles.read("audit/invitations.sql").encode()).fetchall()
    told = ("perhaps: found afterwards", "perhaps: no clear answer")[fault is not None]
    assert [(row[2], row[3]) for row in invitations] == [("ann", told)]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "html", "empty", 500, 502, 504])
def test_a_create_without_a_good_answer_invites_nobody_twice(world: World, kind: str | int) -> None:
    """No answer; 2xx with HTML, half a body or none; or a 500, behind which nobody knows what was done. The user is
    looked up by e-mail; found, he is adopted; not found after long enough, he is created.
    """
    world.user("ann")
    if isinstance(kind, int):
        world.fault("status_after", "POST", "/users$", status=kind, body="oops")
    else:
        world.fault(kind, "POST", "/users$")
    world.settled()
    assert world.invited() == ["ann@example.nl"]
    assert world.last("users", "ann")[0] in ("created", "updated")


def test_a_user_is_looked_for_long_enough_before_he_is_created_again(world: World) -> None:
    """A late request may still land: not found counts after user_doubt_s only, and after a second look."""
    world.user("ann")
    world.fault("drop_before", "POST", "/users$")
    started = time.monotonic()
    world.settled()
    assert time.monotonic() - started > TIMES.user_doubt_s
    calls = world.calls()
    first, second = (i for i, c in enumerate(calls) if c.startswith("POST"))
    assert second - first > 2


def test_after_a_crash_a_doubt_counts_from_when_the_call_can_have_left(world: World) -> None:
    """Begun long ago, it may have left in the last moment that the lease allowed: that much longer it is looked for."""
    world.user("ann")
    with world.stepping("dead") as relay:
        relay.begin()
    world.sql("UPDATE outbox.mirror SET in_doubt = in_doubt - interval '1 hour'")
    world.sql("UPDATE outbox.lease SET expires_at = clock_timestamp() WHERE target = %s", world.target)
    with world.stepping("next") as successor:
        successor.lane.times = replace(TIMES, user_doubt_s=60.0)
        successor.round()  # what follows from the look, too
        assert world.calls("GET")
        assert world.writes() == []
    world.settled()
    assert world.invited() == ["ann@example.nl"]


def test_a_call_that_is_cut_off_at_the_end_of_the_grace_is_not_handed_over(world: World) -> None:
    """It may still land: the lease runs out instead, and then nobody is invited twice."""
    world.fault("latency", "POST", "/users$", latency_ms=60_000)
    world.user("ann")
    with at_work(world.service(rhythm=replace(RHYTHM, grace_s=0.05), holder="dead")):
        eventually(lambda: any(f["hit"] for f in world.cloud.get("/sandbox/faults").json()))
    assert world.sql("SELECT count(*) FROM outbox.lanes WHERE holder LIKE 'dead/%%' AND target = %s", world.target) == [
        1
    ]
    world.heal()
    eventually(world.invited)
    world.sql("UPDATE outbox.lease SET expires_at = clock_timestamp() WHERE target = %s", world.target)
    world.settled(killed=True)
    assert world.invited() == ["ann@example.nl"]
    assert world.sql("SELECT abandoned_at IS NOT NULL FROM outbox.lease WHERE target = %s", world.target) == [True]


@LOST
def test_a_doubt_is_cleared_by_every_email_that_was_tried(world: World, kind: str) -> None:
    """The e-mail has changed meanwhile: the object is found under the one that was sent."""
    world.user("ann", "old@example.nl")
    world.fault(kind, "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
    world.sql("UPDATE accountview.users SET email = 'new@example.nl'")
    world.settled()
    assert world.users() == ["new@example.nl"]
    assert len(world.invited()) == 1


@LOST
def test_a_user_deleted_while_his_create_is_in_doubt_is_removed(world: World, kind: str) -> None:
    """View: no row. In doubt: find out, then remove what is there."""
    world.user("ann")
    world.fault(kind, "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
        world.sql("DELETE FROM accountview.users")
    world.settled()
    assert (world.users(), world.mirror("users", "ann")) == ([], None)


@LOST
def test_a_user_whose_name_was_cleared_while_in_doubt_is_recorded_first(world: World, kind: str) -> None:
    """View: row, not ready. What the cloud holds is read and linked, so that it is known later."""
    world.user("ann")
    world.fault(kind, "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET last_name = NULL")
    world.drain()
    assert world.last("users", "ann")[0] == "not_ready"
    row = world.mirror("users", "ann")
    assert ([row["remote_id"]] if row else []) == list(world.holds()["users"])
    world.sql("UPDATE accountview.users SET last_name = 'Weer'")
    world.settled()
    assert len(world.invited()) == 1


@LOST
def test_a_lost_update_is_sent_again_also_when_the_row_changed_back(world: World, kind: str) -> None:
    """A key in doubt is never unchanged, though mirror and view show the same."""
    world.user("ann", last="Eerst")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = 'Daarna'")
    world.fault(kind, "PUT", "/users/")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET last_name = 'Eerst'")
    world.settled()
    assert next(iter(world.holds()["users"].values()))["last_name"] == "Eerst"


@LOST
def test_a_lost_removal_is_done_again(world: World, kind: str) -> None:
    """ "Not found" counts as done."""
    world.user("ann")
    world.company("001")
    world.drain()
    world.fault(kind, "DELETE", times=2)
    world.sql("DELETE FROM accountview.users; DELETE FROM accountview.companies")
    world.settled()
    assert world.last("users", "ann")[0] == world.last("companies", "001")[0] == "removed"


@LOST
def test_a_company_whose_create_was_lost_is_made_once(world: World, kind: str) -> None:
    """It is known by our own external id."""
    world.company("001")
    world.fault(kind, "POST", "/tenants$")
    world.settled()
    assert [t["external_id"] for t in world.holds()["tenants"].values()] == ["001"]


@LOST
def test_a_returning_user_is_made_again_though_his_removal_was_lost(world: World, kind: str) -> None:
    """View: row, mirror: same document, in doubt. Gone by our own call, he is created anew; else nobody mails him."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.fault(kind, "DELETE")
    with world.stepping() as relay:
        relay.turn()
        world.user("ann")
    world.settled()
    assert len(world.invited()) == (1 if kind == "drop_before" else 2)


@pytest.mark.parametrize("then", ["dies", "loses its lease", "drop_before"])
def test_a_lost_removal_stays_noted_while_he_is_updated(world: World, then: str) -> None:
    """The relay dies before the update leaves, or it gets no answer, or comes too late to settle it: that he is gone is
    still by our own removal.
    """
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.fault("drop_after", "DELETE", "/users/[^/]*$")
    with world.stepping() as relay:
        relay.turn()
        world.user("ann")
        world.right("ann")
    if then == "drop_before":
        world.fault(then, "PUT", "/users/[^/]*$")
    else:
        with world.stepping() as relay:

            def is_begun() -> bool:
                relay.begin()
                return ("users", ("ann",)) in relay.lane.in_flight

            eventually(is_begun)
            if then == "loses its lease":
                relay.land()
                world.run(relay.lane.disown(*relay.lane.sending.collect()))
    world.settled()
    assert world.invited() == ["ann@example.nl"] * 2
    assert len(world.holds()["tenant_users"]) == 1


@LOST
def test_a_company_deleted_and_made_again_while_its_removal_is_in_doubt(world: World, kind: str) -> None:
    """A tenant mails nobody: gone means made again, and its accesses follow."""
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.drain()
    world.sql("DELETE FROM accountview.companies")
    world.fault(kind, "DELETE", "/tenants/[^/]*$")
    with world.stepping() as relay:
        relay.turn()
        world.company("001")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 1


@LOST
def test_lost_answers_everywhere_end_equal(erp: World, kind: str) -> None:
    """Every third write gets no answer: access, projects and values too."""
    erp.user("ann")
    erp.company("001")
    erp.right("ann")
    erp.sql("INSERT INTO accountview.projects"
            " VALUES ('A1', 'P1', 'Dak', '2026-01-01'), ('A1', 'P2', 'Vloer', '2026-01-01');"
            "INSERT INTO accountview.cost_types VALUES ('A1', '10', 'Huur'), ('A1', '20', 'Loon')")  # fmt: skip
    for method, path in (("POST", "/tenants/.*/users"), ("POST", "/project"), ("PUT", "/dimension"), ("PUT", "/roles")):
        erp.fault(kind, method, path)
    erp.settled()
    assert len(erp.invited()) == 1


def test_what_a_stale_relay_did_is_in_doubt_though_a_call_of_its_successor_ends_after_it(world: World) -> None:
    """A removal that came late, behind the update by which he is back: gone by our own call, he is made again."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.fault("latency", "DELETE", latency_ms=60_000)
    with world.stepping() as stale:
        stale.begin()
        world.user("ann", last="Weer")
        world.sql("UPDATE outbox.lease SET epoch = epoch + 1, expires_at = '-infinity'")
        with world.stepping("next") as relay:
            eventually(lambda: relay.claim() and relay.lane.in_flight)
            relay.land()
            world.heal()
            stale.land()
            with pytest.raises(LeaseLost):
                stale.settle()
            relay.settle()
    world.drain()
    assert [c.split()[0] for c in world.writes()[1:3]] == ["PUT", "DELETE"]
    world.hold(zombie=1, concurrent=True)
    assert world.users() == ["ann@example.nl"]


@pytest.mark.parametrize("then", ["frozen", "company gone"])
def test_what_a_stale_relay_did_is_in_doubt_until_it_was_looked_at(erp: World, then: str) -> None:
    """Also where nothing is sent for the key any more: else it would be in doubt with nobody to look at it."""
    erp.user("ann")
    erp.company("001")
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    erp.drain()
    erp.sql("UPDATE accountview.users SET last_name = 'Weer'")
    erp.sql("UPDATE accountview.projects SET description = 'Goot'")
    with erp.stepping() as stale:
        stale.begin()
        stale.land()
        erp.sql("UPDATE outbox.lease SET epoch = epoch + 1, expires_at = '-infinity'")
        with pytest.raises(LeaseLost):
            stale.settle()
    erp.sql(
        "UPDATE accountview.users SET last_name = NULL" if then == "frozen" else "DELETE FROM accountview.companies"
    )
    erp.drain()
    assert erp.sql("SELECT resource FROM outbox.mirror WHERE in_doubt IS NOT NULL") == []
    erp.hold(zombie=1, concurrent=True)


def test_a_force_while_a_call_is_under_way_outlives_it(world: World) -> None:
    """The call fails, and the row is as it was before: what a person doubted is sent all the same."""
    world.user("ann")
    world.drain()
    (account,) = world.holds()["users"]
    world.hands().identity("PUT", f"/users/{account}", {"first_name": "Anders"})
    world.sql("UPDATE accountview.users SET last_name = 'Daarna'")
    world.fault("status", "PUT", "/users/[^/]*$", status=503)
    with world.stepping() as relay:
        relay.begin()
        relay.land()
        world.sql("SELECT outbox.doubt(%s, '{users}', '{ann}')", world.target)
        world.register("users", "ann")
        world.sql("UPDATE accountview.users SET last_name = 'Naam'")
        relay.settle()
    world.settled()
