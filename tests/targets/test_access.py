"""company_access and app_access: idempotent, under ids made of the parents'."""

from __future__ import annotations

import pytest

from outbox.errors import PlatformDown, Refused, Transient, Unknown
from outbox.targets.delivery import Action
from tests.targets.cloud import Cloud, Told, delivery

KEY = ("jansen", "001")


@pytest.fixture
def parents(accountview_net: Cloud) -> tuple[str, str]:
    """The remote ids of a user and of a company, in the order of the resource's parents."""
    return accountview_net.user(), accountview_net.company()


def test_a_user_is_linked_to_a_company(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """POST, and the remote id is tenant/user."""
    user, tenant = parents
    delivered = accountview_net.done("company_access", *KEY, parents=parents)
    assert delivered.remote_id == f"{tenant}/{user}"
    assert accountview_net.sent == [f"POST /tenants/{tenant}/users/{user}"]
    assert accountview_net.state["tenant_users"] == [[tenant, user]]


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_linking_twice_does_no_harm(accountview_net: Cloud, parents: tuple[str, str], action: Action) -> None:
    """Idempotent: a repetition after an unknown outcome needs no look."""
    for _ in range(2):
        accountview_net.done("company_access", *KEY, action=action, parents=parents, in_doubt=True)
    assert len(accountview_net.state["tenant_users"]) == 1


def test_only_the_new_pair_is_made_true_when_a_parent_has_a_new_id(
    accountview_net: Cloud, parents: tuple[str, str]
) -> None:
    """What hung on the old parent went with it."""
    user, tenant = parents
    delivered = accountview_net.done(
        "company_access", *KEY, action=Action.UPDATE, remote_id=f"{tenant}/old-user", parents=parents
    )
    assert delivered.remote_id == f"{tenant}/{user}"
    assert accountview_net.sent == [f"POST /tenants/{tenant}/users/{user}"]


def test_access_without_its_user_or_company_is_tried_again(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """The cloud does not know a parent, perhaps not yet: nothing was applied."""
    user, tenant = parents
    accountview_net.failed(Transient, "company_access", *KEY, parents=("nobody", tenant))
    accountview_net.failed(Transient, "company_access", *KEY, parents=(user, "nothing"))
    assert accountview_net.state["tenant_users"] == []


def test_access_is_removed_under_the_id_it_was_made_with(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """Whatever the parents are by now; what is not there is done."""
    user, tenant = parents
    accountview_net.done("company_access", *KEY, parents=parents)
    removal: Told = {"action": Action.REMOVE, "remote_id": f"{tenant}/{user}", "parents": ("other", "another")}
    accountview_net.done("company_access", *KEY, **removal)
    accountview_net.done("company_access", *KEY, **removal)
    assert accountview_net.state["tenant_users"] == []


def test_a_removal_whose_tenant_is_gone_is_done(accountview_net: Cloud) -> None:
    """404 in the API's own JSON."""
    accountview_net.done("company_access", *KEY, action=Action.REMOVE, remote_id="gone-tenant/gone-user")


def test_a_gateways_404_revokes_nothing(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """Access that was not revoked must not count as revoked."""
    user, tenant = parents
    accountview_net.done("company_access", *KEY, parents=parents)
    accountview_net.fault(path="/users/", method="DELETE", kind="html", status=404)
    accountview_net.failed(PlatformDown, "company_access", *KEY, action=Action.REMOVE, remote_id=f"{tenant}/{user}")


def test_roles_are_given_as_a_whole_set(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """PUT roles; the app is put on the company before the first role, and only then."""
    user, tenant = parents
    accountview_net.done("company_access", *KEY, parents=parents)
    accountview_net.calls.clear()
    path = f"/tenants/{tenant}/applications/SCAN"
    for roles in (["reader", "approver"], ["approver"]):
        delivered = accountview_net.done("app_access", *KEY, "SCAN", document={"roles": roles}, parents=parents)
        assert delivered.remote_id == f"{tenant}/{user}/SCAN"
        assert accountview_net.state["roles"] == [[tenant, "SCAN", user, roles]]
    assert accountview_net.sent == [f"POST {path}", f"PUT {path}/users/{user}/roles", f"PUT {path}/users/{user}/roles"]


def test_removing_app_access_gives_the_empty_set(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """The same call with []; done when there is nothing (left) to take."""
    user, tenant = parents
    accountview_net.done("company_access", *KEY, parents=parents)
    accountview_net.done("app_access", *KEY, "SCAN", document={"roles": ["reader"]}, parents=parents)
    accountview_net.done("app_access", *KEY, "SCAN", action=Action.REMOVE, remote_id=f"{tenant}/{user}/SCAN")
    assert accountview_net.state["roles"] == []
    accountview_net.done("app_access", *KEY, "SCAN", action=Action.REMOVE, remote_id="gone/gone/SCAN")


def test_roles_for_a_user_the_cloud_does_not_know_are_tried_again(
    accountview_net: Cloud, parents: tuple[str, str]
) -> None:
    """Perhaps it does not know him yet."""
    unknown = ("nobody", parents[1])
    accountview_net.failed(Transient, "app_access", *KEY, "SCAN", document={"roles": ["reader"]}, parents=unknown)


def test_an_app_that_was_taken_off_is_put_on_again(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """What is remembered about it is forgotten when the roles fail."""
    accountview_net.done("company_access", *KEY, parents=parents)
    give: Told = {"document": {"roles": ["reader"]}, "parents": parents}
    accountview_net.done("app_access", *KEY, "SCAN", **give)
    accountview_net.fault(
        path="/roles$", kind="status", status=404, body={"error_code": "ERROR_APPLICATION_NOT_FOUND"}, times=1
    )
    accountview_net.failed(Transient, "app_access", *KEY, "SCAN", **give)
    accountview_net.calls.clear()
    accountview_net.done("app_access", *KEY, "SCAN", **give)
    assert [call.split()[0] for call in accountview_net.sent] == ["POST", "PUT"]


def test_an_app_that_the_cloud_does_not_offer_is_refused_in_its_words(
    accountview_net: Cloud, parents: tuple[str, str]
) -> None:
    """An unknown app code: 404 in JSON, tried again, the words say what is missing."""
    accountview_net.done("company_access", *KEY, parents=parents)
    error = accountview_net.failed(
        Transient, "app_access", *KEY, "NOPE", document={"roles": ["reader"]}, parents=parents
    )
    assert "ERROR_APPLICATION_NOT_FOUND" in error.why


@pytest.mark.parametrize("code", ["", ".", ".."])
def test_an_app_code_that_would_be_a_step_in_the_path_is_refused(
    accountview_net: Cloud, parents: tuple[str, str], code: str
) -> None:
    """It cannot be encoded: servers and clients resolve it however it is written."""
    accountview_net.failed(Refused, "app_access", *KEY, code, document={"roles": ["x"]}, parents=parents)
    assert accountview_net.sent == []


def test_a_lost_answer_to_a_grant_is_in_doubt(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """Then it is written again, which does no harm."""
    accountview_net.fault(path="/tenants/.*/users/", method="POST", kind="drop_after", times=1)
    accountview_net.failed(Unknown, "company_access", *KEY, parents=parents)
    accountview_net.done("company_access", *KEY, action=Action.UPDATE, parents=parents, in_doubt=True)


def test_a_batch_has_one_outcome_per_delivery(accountview_net: Cloud, parents: tuple[str, str]) -> None:
    """Also where one fails; in the order of the batch."""
    _, tenant = parents
    outcomes = accountview_net.deliver_batch(
        delivery("company_access", KEY, parents=("nobody", tenant)),
        delivery("company_access", KEY, parents=parents),
        delivery("company_access", KEY, Action.LOOK, parents=parents),
    )
    assert [type(o).__name__ for o in outcomes] == ["Transient", "Delivered", "ValueError"]
