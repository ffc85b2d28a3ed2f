"""Who a user is: an e-mail belongs to one object of the cloud, an object to one key, and nobody is invited twice."""

from __future__ import annotations

import pytest

from outbox.operator.link import unlink
from tests.lane import World

LOST = pytest.mark.parametrize("kind", ["drop_before", "drop_after"])


def _remote_id(world: World, code: str) -> str | None:
    row = world.mirror("users", code)
    return row["remote_id"] if row else None


@pytest.mark.parametrize("name", ["Oud", "Nieuw"])
@pytest.mark.parametrize("order", [("ann", "anna"), ("anna", "ann")])
def test_a_changed_user_code_is_no_removal_and_no_second_mail(world: World, order: tuple[str, ...], name: str) -> None:
    """Whichever key is looked at first, alone and to its end: the object moves to the new code. The e-mail says who it
    is; a changed name is updated there.
    """
    world.user("ann", last="Oud")
    world.drain()
    before = _remote_id(world, "ann")
    with world.uncaptured():
        world.sql("UPDATE accountview.users SET code = 'anna', last_name = %s", name)
    for key in order:
        world.message("users", key)
        world.once()
    world.settled()
    assert (_remote_id(world, "ann"), _remote_id(world, "anna")) == (None, before)
    assert world.calls("DELETE") == []
    assert world.invited() == ["ann@example.nl"]
    assert next(iter(world.holds()["users"].values()))["last_name"] == name


@LOST
def test_a_code_that_changes_while_the_update_is_in_doubt(world: World, kind: str) -> None:
    """The doubt moves along with the object: the new key is not unchanged because it looks like the old one."""
    world.user("ann", last="Eerst")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = 'Daarna'")
    world.fault(kind, "PUT", "/users/")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET last_name = 'Eerst', code = 'anna'")
    world.settled()
    assert world.invited() == ["ann@example.nl"]


@LOST
def test_a_code_that_changes_while_the_removal_is_in_doubt(world: World, kind: str) -> None:
    """The object may be gone: what the mirror said of it before proves nothing."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.fault(kind, "DELETE", "/users/")
    with world.stepping() as relay:
        relay.turn()
        world.user("anna", "ann@example.nl")
    world.settled()
    assert world.users() == ["ann@example.nl"]


@LOST
def test_a_code_that_changes_while_the_create_is_in_doubt(world: World, kind: str) -> None:
    """One account and one mail, whatever became of the first call."""
    world.user("ann")
    world.fault(kind, "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET code = 'anna'")
    world.settled()
    assert world.invited() == ["ann@example.nl"]


@LOST
def test_a_code_that_passes_on_while_its_removal_is_in_doubt(world: World, kind: str) -> None:
    """Ann left, and whether her account is gone is not known when Bob gets her code: hers goes first, his moves."""
    world.user("ann", first="Ann", last="Aa")
    world.user("bob", first="Bob", last="Bee")
    world.drain()
    bobs = _remote_id(world, "bob")
    world.fault(kind, "DELETE", "/users/")
    world.sql("DELETE FROM accountview.users WHERE code = 'ann'")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET code = 'ann' WHERE code = 'bob'")
    world.settled()
    assert (world.users(), _remote_id(world, "ann")) == (["bob@example.nl"], bobs)
    assert len(world.invited()) == 2


@pytest.mark.parametrize("order", ["ann bob", "bob ann"])
def test_a_code_that_passes_to_somebody_whose_own_code_goes(world: World, order: str) -> None:
    """Bob left, and Ann has got his code: neither account goes before a person has said whose is whose. Then hers is
    still hers, and nobody was invited again.
    """
    world.user("ann", first="Ann", last="Aa")
    world.user("bob", first="Bob", last="Bee")
    world.drain()
    accounts = {u["email"]: i for i, u in world.holds()["users"].items()}
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users WHERE code = 'bob'")
        world.sql("UPDATE accountview.users SET code = 'bob' WHERE code = 'ann'")
    for code in order.split():
        world.message("users", code)
        world.once()
    assert {world.last("users", code)[0] for code in ("ann", "bob")} == {"held"}
    assert "user bob has this e-mail now" in (world.last("users", "ann")[1] or "")
    assert world.calls("DELETE") == []
    unlink(world.database, world.target, "users", ("bob",), "he left")
    world.drain()
    assert {i: u["email"] for i, u in world.holds()["users"].items()} == {accounts["ann@example.nl"]: "ann@example.nl"}
    assert _remote_id(world, "bob") == accounts["ann@example.nl"]
    assert len(world.invited()) == 2


PEOPLE = (("1", "ann", "Aa"), ("2", "bob", "Bee"), ("3", "cor", "Cee"))


def _renumber(world: World) -> None:
    for code, first, last in PEOPLE:
        world.user(code, f"{first}@example.nl", first, last)
    world.drain()
    change = "UPDATE accountview.users SET code = translate(code, '123', '234') WHERE code = %s"
    with world.uncaptured():
        for code in ("3", "2", "1"):
            world.sql(change, code)


@pytest.mark.parametrize("order", ["1234", "4321", "2143", "3142"])
def test_users_who_are_renumbered_keep_their_accounts(world: World, order: str) -> None:
    """1 becomes 2, 2 becomes 3, 3 becomes 4: each account follows its e-mail, nothing is removed, nobody is invited
    again, in whatever order and whoever is looked at alone."""
    _renumber(world)
    before = {u["email"]: i for i, u in world.holds()["users"].items()}
    for key in order:
        world.message("users", key)
        world.once()
    world.settled()
    assert {u["email"]: i for i, u in world.holds()["users"].items()} == before
    assert world.calls("DELETE") == []
    assert len(world.invited()) == 3


def test_who_gets_the_address_of_one_who_left_keeps_his_own_account(world: World) -> None:
    """Nobody has the address that he had: his account is his, and gets the new address when the other's is gone."""
    world.user("ann")
    world.user("bob")
    world.drain()
    before = _remote_id(world, "bob")
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users WHERE code = 'ann'")
        world.sql("UPDATE accountview.users SET email = 'ann@example.nl'")
    for key in ("bob", "ann"):
        world.message("users", key)
    world.settled()
    assert (world.users(), _remote_id(world, "bob")) == (["ann@example.nl"], before)


def test_an_account_that_passes_to_another_user_keeps_no_access_of_the_first(world: World) -> None:
    """Her e-mail is cleared and another user has it now: when users are registered he gets the account. She is in the
    views still, but what she could open he cannot, unless the views say so."""
    world.company("001")
    world.user("ann", "desk@example.nl")
    world.right("ann")
    world.drain()
    assert len(world.holds()["tenant_users"]) == 1
    world.sql("UPDATE accountview.users SET email = NULL")
    world.user("bob", "desk@example.nl")
    world.drain()
    world.register("users", "ann")
    world.settled()
    assert world.holds()["tenant_users"] == []
    assert world.invited() == ["desk@example.nl"]


@pytest.mark.parametrize("order", ["123", "321", "213"])
def test_a_code_that_passes_to_another_brings_him_no_access_of_the_first(world: World, order: str) -> None:
    """ann was 1 and is 3, bob is 1 now; what 1 may open is the same as before, and now it is bob's account alone."""
    world.company("001")
    world.user("1", "ann@example.nl", "Ann", "Aa")
    world.user("2", "bob@example.nl", "Bob", "Bee")
    world.right("1")
    world.drain()
    with world.uncaptured():
        world.sql("DELETE FROM accountview.administration_access")
        world.sql("UPDATE accountview.users SET code = '3' WHERE code = '1'")
        world.sql("UPDATE accountview.users SET code = '1' WHERE code = '2'")
        world.right("1")
    for key in order:
        world.message("users", key)
        world.once()
    world.settled()
    bob = next(i for i, u in world.holds()["users"].items() if u["email"] == "bob@example.nl")
    assert [user for _, user in world.holds()["tenant_users"]] == [bob]


def test_the_access_of_who_is_renumbered_costs_no_call(world: World) -> None:
    """What hangs on an account moves with it."""
    world.company("001")
    world.user("ann")
    world.right("ann")
    world.drain()
    before = world.writes()
    world.sql("UPDATE accountview.users SET code = 'anna'")
    world.settled()
    assert world.writes() == before
    assert len(world.holds()["tenant_users"]) == 1


@LOST
@pytest.mark.parametrize("back", ["email = NULL", "last_name = NULL"])
def test_who_is_back_but_not_ready_while_his_removal_is_in_doubt(world: World, kind: str, back: str) -> None:
    """Nothing is sent for such a row, so the removal is ended first: else his access would be sent to an account that
    may be gone, for ever."""
    world.company("001")
    world.user("ann")
    world.right("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.fault(kind, "DELETE", "/users/")
    with world.stepping() as relay:
        relay.turn()
        world.user("ann")
        world.sql(f"UPDATE accountview.users SET {back}")
        world.right("ann")
    world.settled()
    assert (world.users(), world.holds()["tenant_users"], world.pending()) == ([], [], [])


def test_two_in_doubt_who_want_each_others_emails_are_held(world: World) -> None:
    """Neither waits for ever for the doubt of the other to be cleared up (round 820981)."""
    world.user("ann")
    world.user("bob")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = 'Eerst' WHERE code = 'ann'")
    world.sql("UPDATE accountview.users SET email = 'third@example.nl' WHERE code = 'bob'")
    with world.stepping() as relay:
        relay.begin()
        assert len(relay.lane.in_flight) == 2
    world.sql(
        "UPDATE accountview.users SET email = CASE code WHEN 'ann' THEN 'third@example.nl' ELSE 'ann@example.nl' END"
    )
    world.drain()
    assert "exchange" in (world.last("users", "ann")[1] or "")
    world.sql("UPDATE accountview.users SET email = 'fourth@example.nl' WHERE code = 'bob'")
    world.settled()


def test_users_who_swap_their_emails_are_held(world: World) -> None:
    """Nobody can go first; one who takes a third address frees the other."""
    world.user("ann")
    world.user("bob")
    world.drain()
    world.sql(
        "UPDATE accountview.users SET email = CASE code WHEN 'ann' THEN 'bob@example.nl' ELSE 'ann@example.nl' END"
    )
    world.drain()
    assert {world.last("users", "ann")[0], world.last("users", "bob")[0]} == {"held"}
    assert "exchange" in (world.last("users", "ann")[1] or "")
    world.sql("UPDATE accountview.users SET email = 'third@example.nl' WHERE code = 'ann'")
    world.settled()
    assert world.users() == ["ann@example.nl", "third@example.nl"]


@pytest.mark.parametrize("order", [("ann", "bob", "cor"), ("cor", "bob", "ann"), ("bob", "ann", "cor")])
def test_emails_that_move_up_a_chain_arrive(world: World, order: tuple[str, ...]) -> None:
    """ann takes bob's, bob takes cor's, cor takes a new one: in whatever order they are looked at."""
    for code in ("ann", "bob", "cor"):
        world.user(code)
    world.drain()
    with world.uncaptured():
        world.sql("UPDATE accountview.users SET email = CASE code WHEN 'ann' THEN 'bob@example.nl'"
                  " WHEN 'bob' THEN 'cor@example.nl' ELSE 'new@example.nl' END")  # fmt: skip
    for code in order:
        world.message("users", code)
    world.settled()
    assert len(world.invited()) == 3


def test_a_ring_of_three_is_held_and_named(world: World) -> None:
    """The chain leads back to where it began."""
    for code in ("ann", "bob", "cor"):
        world.user(code)
    world.drain()
    world.sql("UPDATE accountview.users SET email = CASE code WHEN 'ann' THEN 'bob@example.nl'"
              " WHEN 'bob' THEN 'cor@example.nl' ELSE 'ann@example.nl' END")  # fmt: skip
    world.drain()
    assert [world.last("users", c)[0] for c in ("ann", "bob", "cor")] == ["held"] * 3


def test_the_second_user_of_an_email_is_held_as_ambiguous(world: World) -> None:
    """Two users share one address: the cloud takes one, the other waits for a person, or for the first."""
    world.user("desk1", "desk@example.nl")
    world.user("desk2", "desk@example.nl")
    world.drain()
    ended = {c: world.last("users", c) for c in ("desk1", "desk2")}
    assert sorted(outcome for outcome, _ in ended.values()) == ["created", "held"]
    assert "ambiguous" in (ended["desk2"][1] or "")
    assert world.invited() == ["desk@example.nl"]


@pytest.mark.parametrize("change", [
    "DELETE FROM accountview.users WHERE code = 'desk1'",
    "UPDATE accountview.users SET email = 'own@example.nl' WHERE code = 'desk1'",
    "UPDATE accountview.users SET email = NULL WHERE code = 'desk1'",
])  # fmt: skip
def test_who_was_held_goes_on_by_himself_when_the_first_leaves_or_changes(world: World, change: str) -> None:
    """No message of his own is needed. A cleared e-mail frees nothing until the account is removed."""
    world.user("desk1", "desk@example.nl")
    world.drain()
    world.user("desk2", "desk@example.nl", last="Anders")
    world.drain()
    assert world.last("users", "desk2")[0] == "held"
    world.sql(change)
    if "NULL" in change:
        world.drain()
        assert world.last("users", "desk2")[0] == "held"
        world.register("users", "desk1")
    world.settled()
    assert world.last("users", "desk2")[0] in ("created", "updated")


def test_an_email_that_somebody_takes_over_while_its_owner_is_refused_ends(world: World) -> None:
    """ann is refused her new address and keeps the old one: bob, who wants that, is held, not asked for ever."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET email = 'ann@mailinator.com'")
    world.user("bob", "ann@example.nl")
    world.drain()
    assert (world.last("users", "ann")[0], world.last("users", "bob")[0]) == ("dead", "held")
    world.sql("UPDATE accountview.users SET email = 'other@example.nl' WHERE code = 'ann'")
    world.settled()


def test_an_email_of_somebody_whose_doubt_nobody_clears_ends(world: World) -> None:
    """ann's create was given up without an answer; bob, who has her address, is held until she is looked at again."""
    world.user("ann")
    world.fault("drop_before", "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
    world.sql("UPDATE accountview.users SET email = 'new@example.nl'")
    world.sql(
        "UPDATE outbox.message SET status = 'dead', error = 'given up', settled_at = now() WHERE status = 'pending'"
    )
    world.user("bob", "ann@example.nl")
    world.drain()
    world.message("users", "ann")
    world.settled()
    assert world.users() == ["ann@example.nl", "new@example.nl"]


def test_a_code_given_to_another_person_is_held(world: World) -> None:
    """E-mail, first and last name all changed at once: nobody's account is handed to a stranger."""
    world.user("ann", first="Ann", last="Aa")
    world.drain()
    world.sql("UPDATE accountview.users SET email = 'zoe@example.nl', first_name = 'Zoe', last_name = 'Zed'")
    world.drain()
    outcome, error = world.last("users", "ann")
    assert (outcome, "another person" in (error or "")) == ("held", True)
    assert world.users() == ["ann@example.nl"]
    world.sql("UPDATE accountview.users SET first_name = 'Ann'")
    world.settled()
    assert world.last("users", "ann")[0] == "updated"


def test_another_person_stays_held_whatever_changes_next(world: World) -> None:
    """Also where the account was in doubt when he was held, so that what is in it is not certain."""
    world.user("ann", first="Ann", last="Aa")
    world.drain()
    world.sql("SELECT outbox.doubt(%s, '{users}', '{}')", world.target)
    for first in ("Zoe", "Zus"):
        world.sql("UPDATE accountview.users SET email = 'z@example.nl', last_name = 'Zed', first_name = %s", first)
        world.drain()
        assert (world.last("users", "ann")[0], world.users()) == ("held", ["ann@example.nl"])
    world.sql("SELECT outbox.approve(%s, 'users')", world.target)
    world.settled()
    assert world.users() == ["z@example.nl"]


def test_another_person_where_it_is_not_known_what_the_account_holds(world: World) -> None:
    """Its e-mail is: the same one goes on, another is a person's to decide about."""
    for code in ("ann", "bob"):
        world.user(code, first="Ann", last="Aa")
    world.drain()
    world.sql("UPDATE accountview.users SET first_name = NULL")
    world.drain()
    world.sql("SELECT outbox.doubt(%s, '{users}', '{}')", world.target)
    world.message("users")
    world.drain()
    assert world.mirror("users", "ann")["document"] is None
    world.sql("UPDATE accountview.users SET first_name = 'Zoe', last_name = 'Zed'")
    world.sql("UPDATE accountview.users SET email = 'zoe@example.nl' WHERE code = 'ann'")
    world.drain()
    assert (world.last("users", "ann")[0], world.last("users", "bob")[0]) == ("held", "updated")
    assert world.users() == ["ann@example.nl", "bob@example.nl"]
    world.sql("SELECT outbox.approve(%s, 'users')", world.target)
    world.settled()
    assert world.users() == ["bob@example.nl", "zoe@example.nl"]


def test_a_user_who_left_and_returns_is_made_again(world: World) -> None:
    """His removal is over, so is his account: a new one, with its access."""
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.drain()
    world.user("ann")
    world.right("ann")
    world.settled()
    assert world.invited() == ["ann@example.nl"] * 2
    assert len(world.holds()["tenant_users"]) == 1


def test_a_change_of_case_alone_is_an_update(world: World) -> None:
    """The same address: no rival, no second account."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET email = 'Ann@Example.NL'")
    world.settled()
    assert world.last("users", "ann")[0] == "updated"
    assert len(world.invited()) == 1


def test_a_rival_that_writes_the_email_otherwise_is_still_a_rival(world: World) -> None:
    """Addresses are compared without case."""
    world.user("ann")
    world.drain()
    world.user("bob", "ANN@example.nl")
    world.drain()
    assert world.last("users", "bob")[0] == "held"


def test_two_new_users_with_one_email_in_flight_at_once_invite_once(world: World) -> None:
    """One call in flight per natural key: the second waits for the first and is judged by what became of it."""
    world.user("ann", "one@example.nl")
    world.user("bob", "one@example.nl")
    with world.stepping() as relay:
        relay.begin()
        assert len(relay.lane.in_flight) == 1
        relay.round()
    assert world.invited() == ["one@example.nl"]
    assert sorted(world.last("users", c)[0] for c in ("ann", "bob")) == ["created", "held"]


def test_an_account_made_by_hand_is_adopted(world: World) -> None:
    """Match, then link: found under the e-mail, nobody is invited."""
    world.user("ann")
    world.drain()
    world.sql("TRUNCATE outbox.mirror")
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    world.settled()
    assert world.last("users", "ann")[0] == "updated"
    assert len(world.invited()) == 1
