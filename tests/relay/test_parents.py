"""Parents and children: nothing waits for a parent, and no child outlives the object it was made under."""

from __future__ import annotations

from typing import Any

import pytest

from outbox.relay.retry import Patience
from tests.hands import Hands
from tests.lane import World

LONG_AGO = "UPDATE outbox.mirror SET confirmed_at = confirmed_at - interval '1 hour'"


def _ann_in_001(world: World) -> None:
    world.user("ann")
    world.company("001")
    world.right("ann")


def test_a_child_before_its_parent_is_not_ready_and_says_which_parent(world: World) -> None:
    """It settles; the parent's create brings it."""
    _ann_in_001(world)
    world.fault("status", "POST", "/tenants$", status=422, body={"error_code": "ERROR_INVALID_ORGANIZATION_NAME"})
    world.drain()
    assert world.last("company_access", "ann", "001") == ("not_ready", "companies 001 is not in the cloud")
    world.message("companies", "001")
    world.settled()
    assert world.last("company_access", "ann", "001")[0] == "created"


def test_a_create_brings_the_children_though_they_had_no_message(world: World) -> None:
    """The view alone says that they are there."""
    _ann_in_001(world)
    world.sql("DELETE FROM outbox.message WHERE resource = 'company_access'")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 1


def test_children_of_a_frozen_parent_go_on(world: World) -> None:
    """A cleared name freezes the user and nothing else."""
    _ann_in_001(world)
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = NULL")
    world.sql("DELETE FROM accountview.administration_access")
    world.drain()
    assert world.last("company_access", "ann", "001")[0] == "removed"
    assert world.holds()["tenant_users"] == []


def test_a_removed_company_takes_its_children_without_a_call(erp: World) -> None:
    """The tenant takes along what is in it; each child leaves a settled message for the auditor."""
    _ann_in_001(erp)
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    erp.drain()
    calls = len(erp.calls())
    with erp.uncaptured():
        erp.sql("DELETE FROM accountview.companies")
    erp.message("companies", "001", operation="DELETE")
    erp.settled()
    assert len(erp.calls()) == calls + 1
    assert erp.last("company_access", "ann", "001")[0] == "removed"
    assert erp.last("projects", "001", "P1")[0] == "removed"
    assert erp.sql("SELECT key FROM outbox.mirror WHERE target = 'visma_net'") == [["ann"]]


def test_a_deleted_company_is_one_call_though_its_children_have_messages(erp: World) -> None:
    """Their removals wait for its own: sent beside it, they would ask for a token of a company that is gone."""
    _ann_in_001(erp)
    erp.sql(
        "INSERT INTO accountview.projects SELECT 'A1', 'P' || n, 'Dak', '2026-01-01' FROM generate_series(1, 30) AS n"
    )
    erp.drain()
    calls = len(erp.calls())
    erp.sql("DELETE FROM accountview.companies")
    erp.settled()
    assert len(erp.calls()) == calls + 1


def test_dead_children_are_over_with_their_parent(erp: World) -> None:
    """Nobody has to decide about a project of a company that is gone."""
    erp.company("001")
    erp.fault("status", "POST", "/project", times=None, status=422, body={"message": "no"})
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    erp.drain()
    assert erp.last("projects", "001", "P1")[0] == "dead"
    erp.sql("DELETE FROM accountview.companies")
    erp.settled()
    assert "dead" not in erp.ended("projects", "001", "P1")


def test_a_company_made_again_has_its_children_sent_again(erp: World) -> None:
    """Another tenant id: what hung on the old one is not unchanged."""
    _ann_in_001(erp)
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01');"
            "INSERT INTO accountview.cost_types VALUES ('A1', '10', 'Huur')")  # fmt: skip
    erp.drain()
    erp.cloud.post("/sandbox/reset")
    erp.sql(
        "UPDATE outbox.mirror SET in_doubt = now() - interval '1 hour', remote_id = NULL WHERE resource = 'companies'"
    )
    erp.sql("UPDATE outbox.mirror SET in_doubt = now() - interval '1 hour', remote_id = NULL WHERE resource = 'users'")
    erp.message("companies", "001")
    erp.message("users", "ann")
    erp.settled()
    holds = erp.holds()
    assert [len(holds[k]) for k in ("tenants", "users", "tenant_users", "projects", "segments")] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("table", ["users", "companies"])
def test_a_parent_that_comes_back_gets_its_access_back(world: World, table: str) -> None:
    """Removed and made again by the relay: the access is made under the new object."""
    _ann_in_001(world)
    world.drain()
    world.sql(f"DELETE FROM accountview.{table}")
    world.drain()
    assert world.holds()["tenant_users"] == []
    if table == "users":
        world.user("ann")
        world.right("ann")
    else:
        world.company("001")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 1


def test_a_withdrawn_user_who_is_registered_loses_his_access_and_gets_it_back(world: World) -> None:
    """The rights are still in the view while his e-mail is blank."""
    _ann_in_001(world)
    world.drain()
    world.sql("UPDATE accountview.users SET email = NULL")
    world.register("users", "ann")
    world.settled()
    assert world.last("company_access", "ann", "001") == ("not_ready", "users ann is not in the cloud")
    assert world.mirror("company_access", "ann", "001") is None
    world.sql("UPDATE accountview.users SET email = 'ann@example.nl'")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 1


@pytest.mark.parametrize("deleted", ["administration_access", "users", "companies"])
@pytest.mark.parametrize("landed", [False, True])
def test_a_child_that_leaves_while_its_parent_is_in_flight(world: World, deleted: str, landed: bool) -> None:
    """In whatever order the two settle, the cloud ends as the view."""
    _ann_in_001(world)
    with world.stepping() as relay:
        relay.begin()
        if landed:
            relay.land()
        world.sql(f"DELETE FROM accountview.{deleted}")
        relay.turn()
        relay.round()
    world.settled()
    assert world.holds()["tenant_users"] == []


@pytest.mark.parametrize("parent", ["users", "companies"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", None])
def test_a_parent_that_leaves_while_its_child_is_in_flight(world: World, parent: str, kind: str | None) -> None:
    """The child's row in the mirror ends with it, also when the child's own answer was lost."""
    world.user("ann")
    world.company("001")
    world.drain()
    world.right("ann")
    if kind:
        world.fault(kind, "POST", "/tenants/.*/users/")
    with world.stepping() as relay:
        relay.begin()
        world.sql(f"DELETE FROM accountview.{parent}")
        relay.turn()
        relay.round()
    world.settled()
    assert world.mirror("company_access", "ann", "001") is None


@pytest.mark.parametrize("table", ["projects", "cost_types"])
def test_a_company_that_leaves_while_its_children_are_in_doubt_pauses_nothing(erp: World, table: str) -> None:
    """The tenant is gone, so there is no token for what was in it: that is no wrong secret."""
    erp.company("001")
    erp.drain()
    more = ", DATE '2026-01-01'" if table == "projects" else ""
    columns = "administration_code, code, description" + (", start_date" if more else "")
    erp.sql(f"INSERT INTO accountview.{table} ({columns}) VALUES ('A1', '10', 'Een'{more})")
    with erp.stepping() as relay:
        relay.begin()
        relay.land()
    erp.sql("DELETE FROM accountview.companies")
    erp.settled()
    assert erp.sql("SELECT why FROM outbox.target WHERE paused_at IS NOT NULL") == []
    assert erp.mirror(table, "001", "10") is None


def test_a_hand_over_moves_the_access_to_the_new_code(world: World) -> None:
    """A changed user code: the rights follow the code, the object stays, nothing is lost in either order."""
    _ann_in_001(world)
    world.sql("INSERT INTO accountview.app_access (app_code, user_code) VALUES ('SCAN', 'ann')")
    world.settled()
    world.sql("UPDATE accountview.users SET code = 'anna'")
    world.settled()
    holds = world.holds()
    assert (len(holds["users"]), len(holds["tenant_users"]), len(holds["roles"])) == (1, 1, 1)
    assert world.invited() == ["ann@example.nl"]
    assert world.mirror("company_access", "ann", "001") is None
    assert world.mirror("company_access", "anna", "001") is not None


def test_a_changed_company_code_moves_nothing_and_loses_nothing(world: World) -> None:
    """The external id is made of the code: another code is another tenant, with the same accesses."""
    _ann_in_001(world)
    world.drain()
    world.sql("UPDATE accountview.companies SET code = '009'")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 1


@pytest.mark.parametrize("then", ["approve", "skip", "reject"])
def test_who_is_gone_from_the_cloud_is_no_parent(world: World, then: str) -> None:
    """Nothing is sent for what he may open: it is not ready, whatever becomes of the question whether to create him
    again. Created again, he may open all of it; and so he may where it turns out that he is there.
    """
    _ann_in_001(world)
    world.company("002", "A2")
    world.settled()
    (account,) = world.holds()["users"]
    Hands(world.cloud, world.base_url, world.target).identity("DELETE", f"/users/{account}")
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    world.drain()
    assert world.last("users", "ann") == ("held", "gone from the cloud; approve to create again")
    if then != "approve":
        world.sql(f"SELECT outbox.{then}(%s, 'users', '{{ann}}', why => 'later')", world.target)
    before = len(world.writes())
    world.right("ann", "A2")
    world.message("company_access", "ann", operation="REGISTER")
    world.drain()
    assert world.last("company_access", "ann", "002") == ("not_ready", "users ann is not in the cloud")
    assert len(world.writes()) == before
    if then == "approve":
        world.sql("SELECT outbox.approve(%s, 'users', '{ann}')", world.target)
        world.settled()
        assert len(world.holds()["tenant_users"]) == 2
    else:
        world.message("users", "ann", operation="REGISTER")
        world.drain()
        assert world.last("users", "ann")[0] == "held"  # and never unchanged


def test_who_was_taken_for_gone_is_a_parent_again(world: World) -> None:
    """One wrong 404, and an update that went well: what he may open is looked at, though his account is the same."""
    _ann_in_001(world)
    world.company("002", "A2")
    world.settled()
    world.fault("status", "PUT", "/users/[^/]*$", status=404, body={"error_code": "ERROR_USER_NOT_FOUND"})
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    world.drain()
    assert world.last("users", "ann")[0] == "held", world.writes()
    world.right("ann", "A2")
    world.drain()
    assert world.last("company_access", "ann", "002")[0] == "not_ready"
    world.heal()
    world.sql("SELECT outbox.skip(%s, 'users', '{ann}', why => 'he is there')", world.target)
    world.message("users", "ann")
    world.settled()
    assert len(world.holds()["tenant_users"]) == 2


@pytest.mark.parametrize("table", ["users", "tenants"])
def test_a_parent_that_is_gone_unnoticed_is_found_by_what_hangs_on_it(world: World, table: str) -> None:
    """The access is answered 404, and does not end dead: a company is made again and the access with it, and of a user
    a person is asked.
    """
    _ann_in_001(world)
    world.company("002", "A2")
    world.settled()
    world.sql(LONG_AGO)
    for remote_id in world.holds()[table]:
        Hands(world.cloud, world.base_url, world.target).identity("DELETE", f"/{table}/{remote_id}")
    world.right("ann", "A2")
    world.sql("INSERT INTO accountview.app_access (app_code, user_code) VALUES ('SCAN', 'ann')")
    world.drain()
    if table == "users":
        assert world.last("users", "ann") == ("held", "gone from the cloud; approve to create again")
        assert world.last("company_access", "ann", "002") == ("not_ready", "users ann is not in the cloud")
        world.sql("SELECT outbox.approve(%s, 'users', '{ann}')", world.target)
    world.settled()
    holds = world.holds()
    assert (len(holds["tenants"]), len(holds["tenant_users"]), len(holds["roles"])) == (2, 2, 2)


def test_a_parent_that_is_looked_at_already_gets_no_second_message(world: World) -> None:
    """Its own attempts would begin anew with each attempt of what hangs on it."""
    _ann_in_001(world)
    world.settled()
    world.sql(LONG_AGO)
    (id_,) = world.holds()["users"]
    world.fault("status", "DELETE", f"/users/{id_}", times=None, status=404, body={"message": "no user", "code": 7})
    world.sql("DELETE FROM accountview.users")
    with world.stepping() as relay:
        relay.lane.patience = Patience(base_s=60.0)  # due when the test says so
        for _ in range(5):
            world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL")
            relay.round()
    assert len([m for m in world.pending() if m[1] == "users"]) == 1


def test_a_parent_that_has_just_come_is_not_taken_for_gone(world: World) -> None:
    """Not every part of a cloud may see it yet: what hangs on it is tried again, and nothing is made twice."""
    _ann_in_001(world)
    unseen: dict[str, Any] = {"status": 404, "body": {"error_code": "ERROR_NOT_FOUND"}}
    for method, path in (("POST", "/tenants/[^/]+/users/"), ("PUT", "/users/[^/]+$"), ("PUT", "/tenants/[^/]+$")):
        world.fault("status", method, path, **unseen)
    world.settled()
    assert world.ended("users", "ann") == ["created"]
    assert len(world.holds()["tenants"]) == len(world.holds()["tenant_users"]) == 1
