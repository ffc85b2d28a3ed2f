"""Users: match, then link; at most one invitation per user, whatever fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from outbox.errors import Ambiguous, NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.targets.delivery import Action, Delivered
from tests.lane import eventually
from tests.targets.cloud import DEADLINE_S, Cloud, delivery, person
from tests.targets.raw import RawServer, http

EMAIL = "jansen@bedrijf.nl"
NOBODY = http(200, {"users": [], "page": 1, "per_page": 100, "total_pages": 1})


@pytest.fixture
def by_hand(open_cloud: Callable[..., Cloud], visma_net: Cloud) -> Cloud:
    """Somebody else's connection to the same cloud."""
    return open_cloud("visma_net")


# -- create ----------------------------------------------------------------------------------------------------------


def test_a_user_nobody_has_is_created_and_invited_once(visma_net: Cloud) -> None:
    """None found: POST, and the id that the cloud gives is the remote id."""
    delivered = visma_net.done("users", "jansen", document=person())
    assert visma_net.sent == ["GET /users", "POST /users"]
    held = visma_net.state["users"]
    assert list(held) == [delivered.remote_id]
    assert held[delivered.remote_id]["email"] == EMAIL
    assert visma_net.invited == [EMAIL]
    assert (delivered.adopted, delivered.http_status) == (False, 201)


def test_language_and_country_have_defaults(visma_net: Cloud) -> None:
    """language defaults to nl, country_code to NL."""
    delivered = visma_net.done("users", "jansen", document=person(language=None, country_code=None))
    held = visma_net.state["users"][delivered.remote_id]
    assert (held["preferred_language"], held["country_code"]) == ("nl", "NL")


def test_a_user_the_cloud_has_is_adopted_without_a_mail(visma_net: Cloud, by_hand: Cloud) -> None:
    """One found that nobody owns: its id is adopted, the full state written, nobody invited."""
    known = by_hand.user("jansen", first_name="J.", email="Jansen@Bedrijf.nl")
    delivered = visma_net.done("users", "jansen", document=person())
    assert (delivered.remote_id, delivered.adopted) == (known, True)
    assert visma_net.sent == ["GET /users", f"PUT /users/{known}"]
    assert visma_net.state["users"][known]["first_name"] == "Jan"
    assert visma_net.state["users"][known]["email"] == EMAIL
    assert len(visma_net.invited) == 1


def test_a_user_that_another_key_has_is_ambiguous(visma_net: Cloud) -> None:
    """Two local users with one e-mail: the second is held, the other key is named, nothing is written."""
    visma_net.user("jansen")
    error = visma_net.failed(Ambiguous, "users", "jansen2", document=person())
    assert "belongs to user jansen in the cloud" in error.why
    assert "user jansen" in error.why
    assert EMAIL not in error.why
    assert visma_net.sent == ["GET /users"]
    assert len(visma_net.state["users"]) == 1


def test_what_one_owns_already_is_written_again(visma_net: Cloud) -> None:
    """The owner of what is found is the key itself: no other stands in the way."""
    known = visma_net.user()
    delivered = visma_net.done("users", "jansen", document=person(first_name="Joost"))
    assert delivered.remote_id == known
    assert visma_net.state["users"][known]["first_name"] == "Joost"


def test_several_are_ambiguous(raw: RawServer, raw_cloud: Cloud) -> None:
    """A person has to link the right one."""
    found = [{"id": "u1", "email": EMAIL}, {"id": "u2", "email": EMAIL.upper()}]
    raw.answers = [http(200, {"users": found, "total_pages": 1})]
    error = raw_cloud.failed(Ambiguous, "users", "jansen", document=person())
    assert "u1, u2" in error.why
    assert len(raw.requests) == 1


def test_a_search_that_finds_too_much_adopts_only_the_same_address(raw: RawServer, raw_cloud: Cloud) -> None:
    """The cloud's search may match in part."""
    found = [{"id": "u1", "email": "p.jansen@bedrijf.nl"}, {"id": "u2", "email": None}, {"id": "u3"}]
    raw.answers = [http(200, {"users": found, "total_pages": 1}), http(201, {"id": "u4"})]
    assert raw_cloud.done("users", "jansen", document=person()).remote_id == "u4"


def test_all_pages_of_a_search_are_read(raw: RawServer, raw_cloud: Cloud) -> None:
    """page, per_page, total_pages."""
    other = {"id": "u1", "email": "p@bedrijf.nl"}
    raw.answers = [
        http(200, {"users": [other], "total_pages": 3}),
        http(200, {"users": [other], "total_pages": 3}),
        http(200, {"users": [{"id": "u2", "email": EMAIL}], "total_pages": 3}),
        http(200, {"id": "u2"}),
    ]
    assert raw_cloud.done("users", "jansen", document=person()).adopted
    assert [path.split("page=")[1][0] for method, path, _, _ in raw.requests if method == "GET"] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "answer",
    [
        {"total_pages": 1},
        {"users": {"id": "u1"}, "total_pages": 1},
        {"users": [{"email": EMAIL}], "total_pages": 1},
        {"users": [{"id": "../admin", "email": EMAIL}], "total_pages": 1},
        {"users": ["u1"], "total_pages": 1},
        {"users": [], "total_pages": "many"},
        {"users": [], "total_pages": 10**9},
        {"users": [{"id": "u1", "email": "p@bedrijf.nl"}], "total_pages": 0},
        {"users": [], "total_pages": -1},
        {"users": [], "total_pages": True},
        [],
    ],
)
def test_a_list_that_is_not_as_promised_finds_nothing_and_creates_nothing(
    raw: RawServer, raw_cloud: Cloud, answer: object
) -> None:
    """A read that failed is no "not found"."""
    raw.answers = [http(200, answer)]
    raw_cloud.failed(Transient, "users", "jansen", document=person())
    assert len(raw.requests) == 1


def test_exists_is_found_and_adopted(raw: RawServer, raw_cloud: Cloud) -> None:
    """ERROR_USER_LINKED_TO_CLIENT: find, adopt, then update."""
    found = http(200, {"users": [{"id": "u1", "email": EMAIL}], "total_pages": 1})
    raw.answers = [NOBODY, http(409, {"error_code": "ERROR_USER_LINKED_TO_CLIENT"}), found, http(200, {"id": "u1"})]
    delivered = raw_cloud.done("users", "jansen", document=person())
    assert (delivered.remote_id, delivered.adopted) == ("u1", True)
    assert [r.split("?")[0] for r in raw.asked] == ["GET /users", "POST /users", "GET /users", "PUT /users/u1"]


def test_exists_but_not_listed_yet_is_tried_again(raw: RawServer, raw_cloud: Cloud) -> None:
    """Lists may lag behind: nothing was applied, look again."""
    raw.answers = [NOBODY, http(409, {"error_code": "ERROR_USER_LINKED_TO_CLIENT"}), NOBODY]
    raw_cloud.failed(Transient, "users", "jansen", document=person())


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (person(email="no address"), "ERROR_INVALID_EMAIL"),
        (person(email="jan@mailinator.com"), "ERROR_DOMAIN_DISPOSABLE"),
        (person(country_code="XYZ"), "ERROR_INVALID_COUNTRY_CODE"),
    ],
)
def test_what_the_cloud_will_not_have_is_refused_with_its_words(
    visma_net: Cloud, document: dict[str, str], code: str
) -> None:
    """Dead at once, and no word of the person in it."""
    error = visma_net.failed(Refused, "users", "jansen", document=document)
    assert code in error.why
    assert document["email"] not in error.why
    assert visma_net.state["users"] == {}


@pytest.mark.parametrize(
    "answer",
    [
        http(201, {"id": "../../tenants/1"}),
        http(201, {"id": "u1/roles"}),
        http(201, {"id": "https://example.com"}),
        http(201, {"id": "u1\u0000"}),
        http(201, {"id": "\ud800"}),
        http(201, {"id": ""}),
        http(201, {"id": "x" * 1000}),
        http(201, {"id": None}),
        http(201, {"id": {"a": 1}}),
        http(201, {}),
        http(201, []),
        http(201),
        http(202, {"id": "u1"}),
    ],
)
def test_a_create_without_a_usable_id_is_in_doubt(raw: RawServer, raw_cloud: Cloud, answer: bytes) -> None:
    """It may be there: read before a create is repeated."""
    raw.answers = [NOBODY, answer]
    raw_cloud.failed(Unknown, "users", "jansen", document=person())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "empty", "status": 201},
        {"kind": "status_after", "status": 500},
        {"kind": "status_after", "status": 502},
        {"kind": "status_after", "status": 504},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_a_lost_answer_never_invites_twice(visma_net: Cloud, fault: dict[str, object]) -> None:
    """In doubt: LOOK finds what the lost answer would have told, and the next write is an update."""
    visma_net.fault(path="/users$", method="POST", times=1, **fault)
    visma_net.failed(Unknown, "users", "jansen", document=person())
    found = visma_net.done("users", "jansen", action=Action.LOOK, sending=(EMAIL,), in_doubt=True)
    assert found.remote_id in visma_net.state["users"]
    visma_net.done("users", "jansen", action=Action.UPDATE, remote_id=found.remote_id, document=person())
    assert visma_net.invited == [EMAIL]


def test_a_create_that_lands_late_is_found_by_a_later_look(visma_net: Cloud) -> None:
    """The deadline passed while the cloud was still at it: not found at first, and there in the end."""
    visma_net.done("users", "nobody", action=Action.LOOK, sending=(EMAIL,))  # has a token now
    visma_net.fault(path="/users$", method="POST", times=1, kind="latency", latency_ms=60_000)
    visma_net.hurry(5.0)
    visma_net.failed(Unknown, "users", "jansen", document=person())
    visma_net.hurry(DEADLINE_S)
    assert visma_net.done("users", "jansen", action=Action.LOOK, sending=(EMAIL,)).remote_id is None
    visma_net.ask("DELETE", "/sandbox/faults")
    eventually(lambda: visma_net.state["users"])
    found = visma_net.done("users", "jansen", action=Action.LOOK, sending=(EMAIL,))
    assert [found.remote_id] == list(visma_net.state["users"])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "drop_before"}, Unknown),
        ({"kind": "html", "status": 502}, Unknown),
        ({"kind": "html", "status": 503}, Transient),
        ({"kind": "html", "status": 404}, PlatformDown),
        ({"kind": "retry_after", "retry_after": 3}, Transient),
        ({"kind": "status", "status": 403, "body": {"error_code": "ERROR_FORBIDDEN"}}, NotAllowed),
    ],
    ids=str,
)
def test_a_create_that_did_not_happen_can_be_repeated(
    visma_net: Cloud, fault: dict[str, object], kind: type[Exception]
) -> None:
    """The class of the error says how; in the end there is one user and one mail."""
    visma_net.fault(path="/users$", method="POST", times=1, **fault)
    visma_net.failed(kind, "users", "jansen", document=person())
    assert visma_net.done("users", "jansen", action=Action.LOOK, sending=(EMAIL,), in_doubt=True).remote_id is None
    visma_net.done("users", "jansen", document=person())
    assert visma_net.invited == [EMAIL]


def test_two_keys_with_one_address_created_at_once_make_one_user(visma_net: Cloud) -> None:
    """Nobody owns the new object until it is settled, and still it is not adopted a second time."""
    both = [delivery("users", (code,), document=person()) for code in ("jansen", "jansen2")]
    outcomes = visma_net.deliver_together(*both)
    assert sorted(type(o).__name__ for o in outcomes) == ["Delivered", "Transient"]
    assert len(visma_net.state["users"]) == len(visma_net.invited) == 1


# -- update, remove --------------------------------------------------------------------------------------------------


def test_a_changed_address_updates_the_same_user(visma_net: Cloud) -> None:
    """From then on only the stored remote id is used, also when the e-mail changes."""
    known = visma_net.user()
    visma_net.done("users", "jansen", action=Action.UPDATE, remote_id=known, document=person(email="j@elders.nl"))
    assert visma_net.sent == [f"PUT /users/{known}"]
    assert visma_net.state["users"][known]["email"] == "j@elders.nl"


def test_an_update_of_a_user_that_is_gone_is_held(visma_net: Cloud) -> None:
    """A create mails: a person has to approve it."""
    error = visma_net.failed(Ambiguous, "users", "jansen", action=Action.UPDATE, remote_id="gone-1", document=person())
    assert error.why == "gone from the cloud; approve to create again"
    assert visma_net.state["users"] == {}


@pytest.mark.parametrize("linked", [True, False])
def test_an_address_in_use_is_ambiguous(visma_net: Cloud, by_hand: Cloud, linked: bool) -> None:
    """The cloud refuses a second user with one e-mail; who has it is said, where a key is linked to that account."""
    (visma_net if linked else by_hand).user("pieters")
    known = visma_net.user("jansen")
    changed = person(email="pieters@bedrijf.nl")
    error = visma_net.failed(Ambiguous, "users", "jansen", action=Action.UPDATE, remote_id=known, document=changed)
    whose = "user pieters" if linked else "an account that nobody here is linked to"
    assert f"belongs to {whose} in the cloud" in error.why


def test_a_removed_user_is_gone_and_a_second_removal_is_done(visma_net: Cloud) -> None:
    """404 on remove: done."""
    known = visma_net.user()
    for _ in range(2):
        visma_net.done("users", "jansen", action=Action.REMOVE, remote_id=known)
    assert visma_net.state["users"] == {}


def test_a_gateways_404_removes_nothing(visma_net: Cloud) -> None:
    """A 404 counts only with the API's own JSON error."""
    known = visma_net.user()
    visma_net.fault(path=f"/users/{known}", kind="html", status=404, times=1)
    visma_net.failed(PlatformDown, "users", "jansen", action=Action.REMOVE, remote_id=known)
    assert known in visma_net.state["users"]


def test_a_user_that_was_removed_and_comes_back_is_created(visma_net: Cloud) -> None:
    """What the process remembers of the old object does not stand in the way of another key."""
    known = visma_net.user()
    visma_net.done("users", "jansen", action=Action.REMOVE, remote_id=known)
    visma_net.owners.clear()
    assert not visma_net.done("users", "jansen2", document=person()).adopted


# -- look ------------------------------------------------------------------------------------------------------------


def test_a_look_asks_for_every_address_that_was_sent(visma_net: Cloud, by_hand: Cloud) -> None:
    """The e-mail may have changed since; nothing is written."""
    known = by_hand.user("jansen", email="old@bedrijf.nl")
    found = visma_net.done("users", "jansen", action=Action.LOOK, sending=(EMAIL, "old@bedrijf.nl"))
    assert found.remote_id == known
    assert visma_net.sent == ["GET /users", "GET /users"]


def test_a_look_passes_over_what_another_key_has(visma_net: Cloud) -> None:
    """Not ours, so not found."""
    visma_net.user("pieters")
    look = visma_net.done("users", "jansen", action=Action.LOOK, sending=("pieters@bedrijf.nl",))
    assert look == Delivered(remote_id=None)


def test_a_look_that_finds_two_is_ambiguous(visma_net: Cloud, by_hand: Cloud) -> None:
    """Two addresses were sent, two accounts are there."""
    by_hand.user("a")
    by_hand.user("b")
    visma_net.failed(
        Ambiguous, "users", "jansen", action=Action.LOOK, sending=("a@bedrijf.nl", "b@bedrijf.nl"), in_doubt=True
    )


def test_a_look_that_fails_finds_nothing_out(visma_net: Cloud) -> None:
    """For a read everything unknown is merely transient."""
    visma_net.fault(path="/users", method="GET", kind="drop_before")
    visma_net.failed(Transient, "users", "jansen", action=Action.LOOK, sending=(EMAIL,), in_doubt=True)


def test_names_of_all_scripts_arrive_as_they_are(visma_net: Cloud) -> None:
    """Any Unicode that a database can hold."""
    name = "Željka 李 ‮o'Brien \"\\ 👩‍🚀"
    delivered = visma_net.done("users", "jansen", document=person(last_name=name))
    assert visma_net.state["users"][delivered.remote_id]["last_name"] == name
