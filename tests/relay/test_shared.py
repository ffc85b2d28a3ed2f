"""A remote id belongs to one key: after a changed user code an access leaves under one key and comes under another."""

from __future__ import annotations

import pytest

from tests.lane import World


@pytest.fixture
def renamed(world: World) -> World:
    """ann, who may open 001, has just become anna; her object has moved, her access has not, as if it had been under
    way just then.
    """
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET code = 'anna'")
    world.sql("DELETE FROM outbox.message WHERE resource <> 'users' AND status = 'pending'")
    with world.stepping() as relay:
        relay.claim()
    world.sql(
        "UPDATE outbox.message SET status = 'done', outcome = 'skipped', settled_at = now() WHERE status = 'pending'"
    )
    assert world.mirror("users", "anna")
    world.sql("UPDATE outbox.mirror SET key = '{ann,001}' WHERE resource = 'company_access'")
    assert world.mirror("company_access", "ann", "001")
    return world


def _look_at(world: World, *codes: str) -> None:
    for code in codes:
        world.message("company_access", code, "001")


@pytest.mark.parametrize("order", [("ann", "anna"), ("anna", "ann")])
@pytest.mark.parametrize("together", [False, True])
def test_the_access_is_there_in_whatever_order_it_leaves_and_comes(
    renamed: World, order: tuple[str, str], together: bool
) -> None:
    """One after the other, or taken up at once: one call in flight per remote object."""
    for code in order:
        _look_at(renamed, code)
        if not together:
            renamed.drain()
    renamed.settled()
    assert len(renamed.holds()["tenant_users"]) == 1
    assert renamed.mirror("company_access", "ann", "001") is None


def test_the_access_that_stays_is_not_taken_away_meanwhile(renamed: World) -> None:
    """Once the new key has it, letting go of the old one makes no call."""
    _look_at(renamed, "anna")
    renamed.drain()
    calls = renamed.calls("DELETE")
    _look_at(renamed, "ann")
    renamed.drain()
    assert renamed.calls("DELETE") == calls


def _leave_while_it_comes(renamed: World) -> None:
    _look_at(renamed, "anna")
    with renamed.stepping() as relay:
        relay.begin()
        _look_at(renamed, "ann")
        relay.turn()
        relay.round()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_the_new_key_in_doubt(renamed: World, kind: str) -> None:
    """Its answer was lost while the old one left."""
    renamed.fault(kind, "POST", "/tenants/.*/users/")
    _leave_while_it_comes(renamed)
    renamed.settled()
    assert len(renamed.holds()["tenant_users"]) == 1


def test_an_access_that_the_new_key_did_not_get_is_taken_away(renamed: World) -> None:
    """The old key leaves while the new one's call is under way; that is refused, and then the right is withdrawn."""
    renamed.fault("status", "POST", "/tenants/.*/users/", status=422, body={"error_code": "NO"})
    _leave_while_it_comes(renamed)
    renamed.sql("DELETE FROM accountview.administration_access")
    renamed.settled()
    assert renamed.holds()["tenant_users"] == []


@pytest.mark.parametrize("certain", [True, False])
def test_an_access_of_both_keys_that_both_lose_is_taken_away(renamed: World, certain: bool) -> None:
    """Who lets go last makes the call."""
    _look_at(renamed, "anna")
    with renamed.stepping() as relay:
        relay.begin()
        relay.land()
        if certain:
            relay.settle()
    renamed.sql("DELETE FROM accountview.administration_access")
    _look_at(renamed, "ann", "anna")
    renamed.settled()
    assert renamed.holds()["tenant_users"] == []
