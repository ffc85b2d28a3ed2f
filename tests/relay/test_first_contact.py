"""The first contact with a cloud that was kept by hand."""

from __future__ import annotations

from typing import Any

import pytest

from outbox.errors import CloudError
from outbox.register import first_contact
from outbox.register.first_contact import Contact, match
from outbox.register.request import confirm
from outbox.relay.connection import connect
from outbox.targets.delivery import Key
from outbox.targets.held import Held
from outbox.verify import reading
from tests.lane import World

pytestmark = pytest.mark.usefixtures("rereading_soon")


@pytest.fixture
def fresh(world: World) -> World:
    """A target that was never registered."""
    world.sql("UPDATE outbox.target SET active_since = NULL")
    return world


def meet(world: World) -> Contact:
    async def run() -> Contact:
        async with await connect(world.dsn) as connection, reading(connection, world.settings()) as listed:
            return await first_contact.read_contact(connection, listed)

    return world.run(run())


def go(world: World, asked: Contact, decided: Contact) -> None:
    """As the command does it."""
    with world.database.transaction():
        first_contact.meet(world.database, asked, decided)
        confirm(world.database, world.target)
    world.drain()


def matched(contact: Contact) -> set[tuple[str, str, tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    return {(m.resource, m.by, tuple(h.name for h in m.held), m.keys) for m in contact.matches}


# -- who is who, pure ----------------------------------------------------------------------------------------------


def user(id_: str, email: str | None, first: str = "Jan", last: str = "Jansen") -> Held:
    return Held(id_, email or "", {"email": email, "first_name": first, "last_name": last})


def company(id_: str, name: str, number: str | None = None, external_id: str | None = None) -> Held:
    columns = {"name": name, "kvk_number": number, "country_code": "NL", "external_id": external_id}
    return Held(id_, name, columns)


ROW = {"email": "jan@example.nl", "first_name": "Jan", "last_name": "Jansen"}
FIRM = {"name": "De Molen B.V.", "kvk_number": "12345678", "country_code": "NL", "external_id": "001"}


@pytest.mark.parametrize(("resource", "held", "row", "by"), [
    ("users", user("1", "JAN@example.nl", "J."), ROW, "e-mail"),
    ("users", user("1", "other@example.nl"), ROW, "name"),
    ("users", user("1", "other@example.nl", "jan", "JANSEN"), ROW, "name"),
    ("users", user("1", "other@example.nl", "Piet"), ROW, None),
    ("users", user("1", None, "", ""), {"email": None, "first_name": None, "last_name": None}, None),
    ("companies", company("1", "Anders", None, "001"), FIRM, "external id"),
    ("companies", company("1", "Anders", "12345678"), FIRM, "KVK number"),
    ("companies", company("1", "de molen bv", "87654321"), FIRM, "name"),
    ("companies", company("1", "De Molen", "87654321"), FIRM, None),
    ("companies", company("1", "", None), {"name": None, "kvk_number": None, "country_code": "NL"}, None),
])  # fmt: skip
def test_the_strongest_reason_counts(resource: str, held: Held, row: dict[str, Any], by: str | None) -> None:
    """E-mail before name; external id before country and KVK number before name; a blank is the same as nothing."""
    matches, left = match(resource, [held], {("k",): row})
    assert [m.by for m in matches] == ([by] if by else [])
    assert left == ([] if by else [held])


def test_what_was_matched_is_not_matched_again() -> None:
    """A namesake of somebody who was found by his e-mail is left."""
    by_email, namesake = user("1", "jan@example.nl"), user("2", "other@example.nl")
    matches, left = match("users", [namesake, by_email], {("jan",): ROW})
    assert [(m.by, m.held) for m in matches] == [("e-mail", (by_email,))]
    assert left == [namesake]


@pytest.mark.parametrize(("held", "keys", "can_link"), [
    ([company("1", "De Molen BV")], [("001",)], True),
    ([company("1", "De Molen BV"), company("2", "De Molen B.V.")], [("001",)], False),
    ([company("1", "De Molen BV")], [("001",), ("002",)], False),
    ([company("1", "De Molen BV", None, "other-database")], [("001",)], False),
])  # fmt: skip
def test_only_a_clear_pair_can_be_linked(held: list[Held], keys: list[Key], can_link: bool) -> None:
    """Not one of two, and not what was made for another database."""
    rows = {key: {**FIRM, "external_id": key[0]} for key in keys}
    ((found,), _) = match("companies", held, rows)
    assert (found.can_link, found.is_sure) == (can_link, False)


# -- with a cloud ---------------------------------------------------------------------------------------------------


def test_an_empty_cloud_has_nothing_to_say(fresh: World) -> None:
    fresh.user("ann")
    assert meet(fresh) == Contact(fresh.target, (), ())


def test_what_the_cloud_holds_is_listed_and_nothing_is_written(fresh: World) -> None:
    """By e-mail, external id, KVK and name, and what is nobody's."""
    by = fresh.hands()
    by.user("ann@example.nl")
    by.user("old@example.nl", "Bob", "Bakker")
    by.user("nobody@example.nl", "Nie", "Mand")
    by.tenant("Was ooit 001", external_id="001")
    by.tenant("Nummer", organization_number="10000146")
    by.tenant("Bedrijf 003")
    fresh.user("ann")
    fresh.user("bob", first="Bob", last="Bakker")
    for code in ("001", "002", "003"):
        fresh.company(code)
    before = (fresh.writes(), fresh.sql("SELECT count(*) FROM outbox.mirror"))
    contact = meet(fresh)
    assert matched(contact) == {
        ("users", "e-mail", ("ann@example.nl",), (("ann",),)),
        ("users", "name", ("old@example.nl",), (("bob",),)),
        ("companies", "external id", ("Was ooit 001",), (("001",),)),
        ("companies", "KVK number", ("Nummer",), (("002",),)),
        ("companies", "name", ("Bedrijf 003",), (("003",),)),
    }
    assert [h.name for _, h in contact.others] == ["nobody@example.nl"]
    assert before == (fresh.writes(), fresh.sql("SELECT count(*) FROM outbox.mirror"))


def _kept_by_hand(world: World) -> None:
    """bob under another address, company 002 with its KVK number, 003 with its name alone."""
    by = world.hands()
    by.user("ann@example.nl")
    by.user("old@example.nl", "Bob", "Bakker")
    by.tenant("Nummer", organization_number="10000146")
    by.tenant("Bedrijf 003")
    world.user("ann")
    world.user("bob", first="Bob", last="Bakker")
    world.company("002")
    world.company("003")


def test_what_is_linked_gets_no_mail_and_no_second_one_beside_it(fresh: World) -> None:
    """All that was proposed, with a yes."""
    _kept_by_hand(fresh)
    mails = fresh.invited()
    contact = meet(fresh)
    go(fresh, contact, contact.linking(contact.open))
    assert fresh.differences() == []
    assert fresh.invited() == mails
    assert (len(fresh.holds()["users"]), len(fresh.holds()["tenants"])) == (2, 2)
    decided = fresh.sql("SELECT decision, key, why FROM outbox.decision WHERE decision <> 'register' ORDER BY key")
    assert [(d, k) for d, k, _ in decided] == [
        ("link", ["002"]), ("link", ["003"]), ("link", ["ann"]), ("link", ["bob"])
    ]  # fmt: skip
    assert "the same KVK number" in decided[0][2]


def test_what_is_made_beside_stays_alone_for_ever(fresh: World) -> None:
    """Also what the relay would have found by its number; what is sure is linked all the same."""
    _kept_by_hand(fresh)
    mails, before = fresh.invited(), set(fresh.holds()["tenants"])
    contact = meet(fresh)
    go(fresh, contact, contact.linking(()))
    assert fresh.invited() == [*mails, "bob@example.nl"]
    assert len(fresh.holds()["tenants"]) == 4
    assert not before & set(fresh.sql("SELECT remote_id FROM outbox.mirror WHERE resource = 'companies'"))
    assert fresh.sql("SELECT count(*) FROM outbox.not_ours") == [3]
    assert fresh.sql("SELECT count(*) FROM outbox.decision WHERE decision = 'approve'") == [3]
    assert meet(fresh).matches == ()
    fresh.sql("DELETE FROM accountview.companies WHERE code = '002'")
    fresh.drain()
    fresh.company("002")
    assert meet(fresh).matches == ()
    fresh.drain()
    assert not before & set(fresh.sql("SELECT remote_id FROM outbox.mirror WHERE resource = 'companies'"))
    fresh.hands().tenant("Bedrijf 004")
    fresh.company("004")
    contact = meet(fresh)
    assert matched(contact) == {("companies", "name", ("Bedrijf 004",), (("004",),))}
    go(fresh, contact, contact.linking(()))
    assert fresh.sql("SELECT count(*) FROM outbox.not_ours") == [4]


def test_two_rows_with_one_email_are_left_to_the_relay(fresh: World) -> None:
    """It links one and holds the other; nobody is asked, nobody gets a mail."""
    fresh.hands().user("desk@example.nl")
    mails = fresh.invited()
    fresh.user("desk1", "desk@example.nl")
    fresh.user("desk2", "desk@example.nl")
    contact = meet(fresh)
    assert (contact.open, contact.to_link) == ((), ())
    go(fresh, contact, contact)
    assert sorted(fresh.last("users", c)[0] for c in ("desk1", "desk2")) == ["held", "updated"]
    assert fresh.invited() == mails


def test_a_cloud_that_does_not_show_its_lists_is_an_error(fresh: World) -> None:
    """Nobody knows beside what things would be made."""
    fresh.fault("status", "GET", "/tenants$", times=None, status=500)
    with pytest.raises(CloudError):
        meet(fresh)


def test_a_link_made_meanwhile_stands(fresh: World) -> None:
    """Between the list and the yes somebody linked by hand."""
    _kept_by_hand(fresh)
    contact = meet(fresh)
    other = fresh.hands().user("third@example.nl")
    fresh.sql("INSERT INTO outbox.mirror (target, resource, key, remote_id) VALUES (%s, 'users', '{bob}', %s)",
              fresh.target, other)  # fmt: skip
    go(fresh, contact, contact.linking(contact.open))
    assert fresh.mirror("users", "bob")["remote_id"] == other


# -- register --force -------------------------------------------------------------------------------------------------


def test_force_sends_everything_again_and_invites_nobody(world: World) -> None:
    """Also what was changed by hand in the cloud and what the mirror believes to be the same."""
    world.user("ann")
    world.user("bob")
    world.company("001")
    world.right("ann")
    world.drain()
    mails = world.invited()
    remote_id = world.mirror("users", "ann")["remote_id"]
    world.hands().identity("PUT", f"/users/{remote_id}", {"last_name": "Anders"})
    with world.database.transaction():
        assert first_contact.doubt_all(world.database, world.target, [], ()) == 4
        confirm(world.database, world.target)
    world.settled()
    assert world.invited() == mails
    assert len(world.calls("PUT", "/users/")) == 3


def test_force_of_one_key_leaves_the_others(world: World) -> None:
    """The beginning of a key is enough."""
    for code in ("ann", "bob"):
        world.user(code)
        world.right(code)
    world.company("001")
    world.drain()
    assert first_contact.doubt_all(world.database, world.target, ["company_access"], ("ann",)) == 1
    assert world.mirror("company_access", "ann", "001")["in_doubt"] is not None
    assert world.mirror("users", "ann")["in_doubt"] is None
