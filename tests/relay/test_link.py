"""link and unlink: a person says who is who."""

from __future__ import annotations

from typing import Any

import pytest

from outbox.errors import LeaseLost, LinkRefused
from outbox.operator import link as by_hand
from outbox.relay.connection import connect
from outbox.targets.held import Held
from outbox.verify import reading
from tests.lane import World, at_work, eventually


def held(world: World, resource: str, remote_id: str) -> Held:
    async def find() -> Held | None:
        async with await connect(world.dsn) as connection, reading(connection, world.settings()) as listed:
            return await listed.find(resource, remote_id)

    found = world.run(find())
    assert isinstance(found, Held)
    return found


def link(world: World, resource: str, key: str, to: str) -> int:
    return by_hand.link(world.database, world.target, resource, (key,), held(world, resource, to), "by hand")


def unlink(world: World, resource: str, key: str) -> int:
    return by_hand.unlink(world.database, world.target, resource, (key,), "by hand")


def decisions(world: World) -> list[Any]:
    return world.sql("SELECT decision, resource, key, why FROM outbox.decision ORDER BY id")


# -- link --------------------------------------------------------------------------------------------------------


def test_an_account_under_another_email_becomes_his(world: World) -> None:
    """It gets the view's e-mail and name; nobody is invited; who decided is recorded."""
    remote_id = world.hands().user("married@example.nl")
    mails = world.invited()
    world.user("ann")
    link(world, "users", "ann", remote_id)
    world.settled()
    assert world.invited() == mails
    assert world.users() == ["ann@example.nl"]
    assert world.mirror("users", "ann")["remote_id"] == remote_id
    assert decisions(world) == [("link", "users", ["ann"], "by hand")]


def test_a_company_that_exists_becomes_ours(world: World) -> None:
    """With our external id; no second one beside it."""
    tenant = world.hands().tenant("Bedrijf van vroeger")
    world.company("001")
    link(world, "companies", "001", tenant)
    world.settled()
    assert list(world.holds()["tenants"]) == [tenant]
    assert world.holds()["tenants"][tenant]["external_id"] == "001"


def test_what_hangs_on_him_follows_to_the_other_account(world: World) -> None:
    """His access and his roles are given to the account he is linked to now."""
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.sql("INSERT INTO accountview.app_access (app_code, user_code) VALUES ('SCAN', 'ann')")
    world.drain()
    other = world.hands().user("other@example.nl")
    world.hands().identity("DELETE", f"/users/{world.mirror('users', 'ann')['remote_id']}")
    link(world, "users", "ann", other)
    world.settled()
    assert [user for _, user in world.holds()["tenant_users"]] == [other]
    assert [user for _, _, user, _ in world.holds()["roles"]] == [other]


def test_it_clears_up_who_was_held_as_ambiguous(world: World) -> None:
    """Two companies of the cloud have his number: held, until somebody says which."""
    for name in ("Een", "Twee"):
        world.hands().tenant(name, organization_number="10000145")
    right = world.hands().tenant("Drie", organization_number="10000145")
    world.company("001")
    world.drain()
    assert world.last("companies", "001")[0] == "held"
    link(world, "companies", "001", right)
    world.drain()
    assert world.mirror("companies", "001")["remote_id"] == right
    assert "superseded" in world.ended("companies", "001")
    assert len(world.holds()["tenants"]) == 3


def refused(world: World, resource: str, key: str, to: str) -> str:
    before = world.sql("SELECT to_jsonb(m) FROM outbox.mirror AS m ORDER BY resource, key")
    with pytest.raises(LinkRefused) as caught:
        link(world, resource, key, to)
    assert world.sql("SELECT to_jsonb(m) FROM outbox.mirror AS m ORDER BY resource, key") == before
    assert decisions(world) == []
    return caught.value.why


def test_an_id_that_another_key_has_is_refused(world: World) -> None:
    """A remote id belongs to one key."""
    world.user("ann")
    world.user("bob")
    world.drain()
    assert "linked to users bob already" in refused(world, "users", "ann", world.mirror("users", "bob")["remote_id"])


def test_a_key_without_a_row_is_refused(world: World) -> None:
    """The relay would remove what it is linked to."""
    remote_id = world.hands().user("x@example.nl")
    assert "would be removed" in refused(world, "users", "nobody", remote_id)


def test_a_call_under_way_is_refused(world: World) -> None:
    """Its outcome would be settled over the link; afterwards it goes."""
    remote_id = world.hands().user("x@example.nl")
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        assert "under way" in refused(world, "users", "ann", remote_id)
        relay.round()
    world.hands().identity("DELETE", f"/users/{world.mirror('users', 'ann')['remote_id']}")
    link(world, "users", "ann", remote_id)
    world.settled()


def test_an_object_that_may_be_what_another_create_made_is_refused(world: World) -> None:
    """bob's create has no answer yet, and this object has his address."""
    world.user("ann", "first@example.nl")
    world.user("bob")
    world.fault("drop_after", "POST", "/users$", after=1)
    with world.stepping(concurrency=1) as relay:
        relay.turn()
        (remote_id,) = [i for i, u in world.holds()["users"].items() if u["email"] == "bob@example.nl"]
        assert "being made for users bob" in refused(world, "users", "ann", remote_id)


def test_a_doubt_that_nobody_works_on_is_cleared_by_a_link(world: World) -> None:
    """A create without an answer, given up: a person says which account it is."""
    world.user("ann")
    world.fault("drop_after", "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
    world.sql("UPDATE outbox.message SET status = 'dead', error = 'given up', settled_at = now()"
              " WHERE status = 'pending'")  # fmt: skip
    (remote_id,) = world.holds()["users"]
    link(world, "users", "ann", remote_id)
    world.settled()
    assert world.invited() == ["ann@example.nl"]


def test_a_relay_that_had_read_the_key_before_begins_nothing_on_it(world: World) -> None:
    """Its epoch is over: what it would do of what it knew is refused, and it reads anew."""
    remote_id = world.hands().user("x@example.nl")
    world.user("ann")
    world.user("bob")
    with world.stepping() as relay:
        relay.begin()
        world.user("cor")
        link(world, "users", "cor", remote_id)
        with pytest.raises(LeaseLost):
            relay.begin()
    world.sql("UPDATE outbox.lease SET abandoned_at = now()")
    world.settled()
    assert sorted(world.users()) == ["ann@example.nl", "bob@example.nl", "cor@example.nl"]
    assert len(world.invited()) == 3


def test_what_was_begun_before_a_link_is_looked_for_as_long_as_the_lease_would_have_lasted(world: World) -> None:
    """It was not handed over: a call that waited for its turn may leave until then, and its relay is dead since."""
    remote_id = world.hands().user("x@example.nl")
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        world.sql("UPDATE outbox.mirror SET in_doubt = in_doubt - interval '1 hour'")
        world.user("bob")
        world.sql("SELECT outbox.link(%s, 'users', '{bob}', %s)", world.target, remote_id)
    with world.stepping("next") as successor:
        successor.round()
        assert world.invited() == ["x@example.nl"]
    world.sql("UPDATE outbox.lease SET abandoned_at = now()")
    world.settled()
    assert world.invited() == ["x@example.nl", "ann@example.nl"]


def test_a_running_relay_goes_on_at_once(world: World) -> None:
    """It takes its lane again and sends what was linked."""
    with at_work(world.service()):
        eventually(lambda: world.sql("SELECT 1 FROM outbox.lease WHERE expires_at > now()"))
        remote_id = world.hands().user("x@example.nl")
        with world.uncaptured():
            world.user("ann")
        link(world, "users", "ann", remote_id)
        eventually(lambda: world.users() == ["ann@example.nl"])


# -- unlink ------------------------------------------------------------------------------------------------------


def test_another_person_gets_an_account_of_his_own(world: World) -> None:
    """E-mail and names all changed: held; unlink removes the account of before and makes a new one."""
    world.user("ann", first="Ann", last="Aa")
    world.company("001")
    world.right("ann")
    world.drain()
    before = world.mirror("users", "ann")["remote_id"]
    world.sql("UPDATE accountview.users SET email = 'zoe@example.nl', first_name = 'Zoe', last_name = 'Zed'")
    world.drain()
    assert world.last("users", "ann")[0] == "held"
    unlink(world, "users", "ann")
    world.settled()
    assert world.users() == ["zoe@example.nl"]
    assert before not in world.holds()["users"]
    assert world.invited() == ["ann@example.nl", "zoe@example.nl"]
    assert len(world.holds()["tenant_users"]) == 1
    assert decisions(world) == [("unlink", "users", ["ann"], "by hand")]
    assert [o for o in world.ended("users", "ann") if o in ("removed", "created")] == ["created", "removed", "created"]


@pytest.mark.parametrize("kind", [None, "drop_before", "drop_after"])
def test_an_account_with_the_same_email_is_made_anew(world: World, kind: str | None) -> None:
    """Removed and invited again, since a person said so; once. A removal without an answer is repeated before: the
    account that is not his never comes back.
    """
    world.user("ann")
    world.drain()
    before = world.mirror("users", "ann")["remote_id"]
    if kind:
        world.fault(kind, "DELETE", "/users/")
    unlink(world, "users", "ann")
    world.settled()
    assert before not in world.holds()["users"]
    assert world.invited() == ["ann@example.nl"] * 2


def test_the_account_moves_to_the_person_whose_it_is(world: World) -> None:
    """His code was given to another, and he has a new one: the account goes along with him, unremoved."""
    world.user("ann", first="Ann", last="Aa")
    world.drain()
    before = world.mirror("users", "ann")["remote_id"]
    world.sql("UPDATE accountview.users SET email = 'zoe@example.nl', first_name = 'Zoe', last_name = 'Zed'")
    world.drain()
    with world.uncaptured():
        world.user("ann2", "ann@example.nl", first="Ann", last="Aa")
    unlink(world, "users", "ann")
    world.settled()
    assert world.mirror("users", "ann2")["remote_id"] == before
    assert world.invited() == ["ann@example.nl", "zoe@example.nl"]


def test_a_frozen_row_is_removed_and_not_made_anew(world: World) -> None:
    """What is not ready is not created."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET first_name = NULL")
    unlink(world, "users", "ann")
    world.drain()
    assert (world.users(), world.mirror("users", "ann")) == ([], None)
    assert world.last("users", "ann")[0] == "not_ready"


def test_a_company_is_only_forgotten_and_found_again(world: World) -> None:
    """A tenant holds books: nothing removes it but a deleted record."""
    world.company("001")
    world.user("ann")
    world.right("ann")
    world.drain()
    before = world.mirror("companies", "001")["remote_id"]
    unlink(world, "companies", "001")
    assert world.mirror("companies", "001") is None
    world.settled()
    assert world.mirror("companies", "001")["remote_id"] == before
    assert world.calls("DELETE") == []


def test_who_is_not_linked_cannot_be_unlinked(world: World) -> None:
    """There is nothing to be removed."""
    world.user("ann")
    with pytest.raises(LinkRefused, match="is not linked to anything"):
        unlink(world, "users", "ann")


def test_an_account_that_two_keys_have_is_let_go_of(world: World) -> None:
    """The other one keeps it."""
    world.user("ann")
    world.drain()
    with world.uncaptured():
        world.user("bob")
    world.sql("INSERT INTO outbox.mirror (target, resource, key, remote_id, document)"
              " SELECT target, resource, '{bob}', remote_id, document FROM outbox.mirror")  # fmt: skip
    unlink(world, "users", "bob")
    world.drain()
    assert world.calls("DELETE") == []
    assert world.users() == ["ann@example.nl", "bob@example.nl"]
