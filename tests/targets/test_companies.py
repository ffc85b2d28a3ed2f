"""Companies: external id, then country and KVK number; what another key has is no candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from outbox.errors import Ambiguous, NotAllowed, Refused, Transient, Unknown
from outbox.targets.delivery import Action, Delivered
from tests.targets.cloud import Cloud, delivery, firm
from tests.targets.raw import RawServer, http

NOBODY = http(200, {"tenants": [], "total_pages": 1})


def found(*tenants: Mapping[str, object]) -> bytes:
    return http(200, {"tenants": list(tenants), "total_pages": 1})


@pytest.fixture
def by_hand(open_cloud: Callable[..., Cloud], visma_net: Cloud) -> Cloud:
    """Somebody else's connection to the same cloud, under another licence."""
    return open_cloud("visma_net", licence_prefix="OTHER-")


def test_a_company_nobody_has_is_created(visma_net: Cloud) -> None:
    """external_id = licence prefix + company_code; searched by it, then by country and KVK number."""
    delivered = visma_net.done("companies", "001", document=firm())
    assert visma_net.sent == ["GET /search/tenants", "GET /search/tenants", "POST /tenants"]
    assert visma_net.state["tenants"][delivered.remote_id] == {
        "id": delivered.remote_id,
        "organization_name": "Bakker BV",
        "organization_number": "12345678",
        "address_1": "Dorpsstraat 1",
        "postal_code": "1000 AA",
        "city": "Ons Dorp",
        "country_code": "NL",
        "external_id": "AV1-001",
    }


def test_without_a_kvk_number_only_the_external_id_is_searched(visma_net: Cloud) -> None:
    """Blank is no number to search by."""
    visma_net.done("companies", "001", document=firm(kvk_number=None, street=None))
    assert visma_net.sent == ["GET /search/tenants", "POST /tenants"]


def test_a_company_with_our_external_id_is_adopted(visma_net: Cloud, open_cloud: Callable[..., Cloud]) -> None:
    """A mirror that was lost finds its companies again."""
    known = open_cloud("visma_net").company("001", name="Bakkerij")
    delivered = visma_net.done("companies", "001", document=firm(kvk_number=None))
    assert (delivered.remote_id, delivered.adopted) == (known, True)
    held = visma_net.state["tenants"][known]
    assert (held["organization_name"], held["organization_number"]) == ("Bakker BV", None)


def test_a_company_kept_by_hand_is_adopted_by_country_and_number(raw: RawServer, raw_cloud: Cloud) -> None:
    """It has no external id yet; the update gives it ours."""
    by_hand = {"id": "t1", "external_id": None, "organization_number": "12345678", "country_code": "NL"}
    raw.answers = [NOBODY, found(by_hand), http(200, {"id": "t1"})]
    delivered = raw_cloud.done("companies", "001", document=firm())
    assert (delivered.remote_id, delivered.adopted) == ("t1", True)
    assert raw.asked[1] == "GET /search/tenants?country_code=NL&organization_number=12345678&operator=AND&limit=100"
    assert b'"external_id": "001"' in raw.requests[-1][3]


def test_the_same_number_under_another_external_id_is_another_company(visma_net: Cloud, by_hand: Cloud) -> None:
    """It was made for something else; it keeps its own external id."""
    other = by_hand.company("001")
    delivered = visma_net.done("companies", "001", document=firm())
    assert not delivered.adopted
    assert visma_net.state["tenants"][other]["external_id"] == "OTHER-001"


def test_two_companies_with_one_number_get_a_tenant_each(visma_net: Cloud) -> None:
    """Also when both are created at once."""
    both = [delivery("companies", (code,), document=firm()) for code in ("001", "002")]
    first, second = visma_net.deliver_together(*both)
    assert isinstance(first, Delivered)
    assert isinstance(second, Delivered)
    assert len({first.remote_id, second.remote_id}) == len(visma_net.state["tenants"]) == 2


def test_a_tenant_of_another_key_is_no_candidate(raw: RawServer, raw_cloud: Cloud) -> None:
    """Found by its number, but linked to another live key: created."""
    raw_cloud.owners[("companies", "t1")] = ("002",)
    linked = {"id": "t1", "external_id": "", "organization_number": "12345678", "country_code": "NL"}
    raw.answers = [NOBODY, found(linked), http(201, {"id": "t2"})]
    assert raw_cloud.done("companies", "001", document=firm()).remote_id == "t2"


def test_one_tenant_kept_by_hand_is_not_adopted_by_two_at_once(raw: RawServer, raw_cloud: Cloud) -> None:
    """The second search waits for the first adoption, and its find is not taken over before that is settled."""
    by_hand = {"id": "t1", "external_id": None, "organization_number": "12345678", "country_code": "NL"}
    raw.answers = [NOBODY, found(by_hand), http(200, {"id": "t1"}), NOBODY, found(by_hand)]
    both = [delivery("companies", (code,), document=firm()) for code in ("001", "002")]
    outcomes = raw_cloud.deliver_together(*both)
    assert sorted(type(o).__name__ for o in outcomes) == ["Delivered", "Transient"]


def test_several_of_the_same_number_are_ambiguous(raw: RawServer, raw_cloud: Cloud) -> None:
    """Held; a person links the right one."""
    same = {"organization_number": "12345678", "country_code": "NL"}
    raw.answers = [NOBODY, found({"id": "t1", **same}, {"id": "t2", **same})]
    raw_cloud.failed(Ambiguous, "companies", "001", document=firm())


@pytest.mark.parametrize("code", ["ERROR_EXTERNAL_ID_ALREADY_ADDED", "ERROR_TENANT_ID_ALREADY_ADDED"])
def test_exists_is_found_and_adopted(raw: RawServer, raw_cloud: Cloud, code: str) -> None:
    """Find, adopt, then update."""
    ours = {"id": "t1", "external_id": "001"}
    raw.answers = [NOBODY, NOBODY, http(409, {"error_code": code}), found(ours), http(200, {"id": "t1"})]
    assert raw_cloud.done("companies", "001", document=firm()).adopted


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kvk_number": "123"}, "ERROR_INVALID_ORGANIZATION_NUMBER"),
        ({"name": ""}, "ERROR_INVALID_ORGANIZATION_NAME"),
        ({"country_code": "nl"}, "ERROR_INVALID_COUNTRY_CODE"),
    ],
)
def test_what_the_cloud_will_not_have_is_refused(visma_net: Cloud, changes: dict[str, str], code: str) -> None:
    """Dead with the target's words."""
    assert code in visma_net.failed(Refused, "companies", "001", document=firm(**changes)).why


def test_a_client_that_may_not_add_companies_says_so(visma_net: Cloud) -> None:
    """ERROR_THIRD_PARTY_APPLICATION: companies are paused, nothing else."""
    visma_net.fault(path="/tenants$", kind="status", status=403, body={"error_code": "ERROR_THIRD_PARTY_APPLICATION"})
    assert visma_net.failed(NotAllowed, "companies", "001", document=firm()).resource == "companies"


def test_the_business_unit_of_the_settings_goes_along(open_cloud: Callable[..., Cloud]) -> None:
    """Where the vendor wants one; without the setting nothing of it is sent."""
    cloud = open_cloud("visma_net", business_unit_name="AccountView")
    made = cloud.company()
    cloud.done("companies", "001", action=Action.UPDATE, remote_id=made, document=firm(city="Elders"))
    assert cloud.state["tenants"][made]["business_unit_name"] == "AccountView"


def test_an_update_writes_the_full_state(visma_net: Cloud) -> None:
    """A number that was cleared is cleared there, too."""
    known = visma_net.company()
    changed = firm(name="Bakker Holding BV", kvk_number=None)
    visma_net.done("companies", "001", action=Action.UPDATE, remote_id=known, document=changed)
    held = visma_net.state["tenants"][known]
    assert (held["organization_name"], held["organization_number"]) == ("Bakker Holding BV", None)
    assert visma_net.sent == [f"PUT /tenants/{known}"]


def test_an_update_of_a_company_that_is_gone_creates_it(visma_net: Cloud) -> None:
    """404 on update: create; no mail goes out for a company."""
    delivered = visma_net.done("companies", "001", action=Action.UPDATE, remote_id="gone-1", document=firm())
    assert list(visma_net.state["tenants"]) == [delivered.remote_id]


def test_a_removed_company_is_gone_and_a_second_removal_is_done(visma_net: Cloud) -> None:
    """404 on remove: done."""
    known = visma_net.company()
    for _ in range(2):
        visma_net.done("companies", "001", action=Action.REMOVE, remote_id=known)
    assert visma_net.state["tenants"] == {}


def test_a_lost_answer_is_looked_up_by_external_id(visma_net: Cloud) -> None:
    """In doubt: nothing is created a second time."""
    visma_net.fault(path="/tenants$", method="POST", kind="drop_after", times=1)
    visma_net.failed(Unknown, "companies", "001", document=firm())
    look = visma_net.done("companies", "001", action=Action.LOOK, sending=("AV1-001", "OLD-001"), in_doubt=True)
    assert list(visma_net.state["tenants"]) == [look.remote_id]


def test_a_search_that_fails_creates_nothing(visma_net: Cloud) -> None:
    """An unreachable read is no "not found"."""
    visma_net.fault(path="/search/tenants", kind="status", status=500)
    visma_net.failed(Transient, "companies", "001", document=firm())
    assert visma_net.state["tenants"] == {}
