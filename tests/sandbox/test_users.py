"""The identity API's rules for users."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.lane import eventually
from tests.sandbox.conftest import USER, Sandbox


def test_new_user_gets_a_server_given_id_and_an_invitation(visma: Sandbox) -> None:
    before = time.time()
    answer = visma.identity("POST", "/users", USER)
    assert answer.status_code == 201
    user = answer.json()
    assert len(user["id"]) == 36
    assert user == USER | {"id": user["id"], "country_code": "NL", "preferred_language": "nl"}
    assert visma.holds()["users"] == {user["id"]: user}
    [mail] = visma.control("GET", "invitations")
    assert (mail["target"], mail["email"], mail["user_id"]) == ("visma_net", USER["email"], user["id"])
    assert before - 1 <= mail["at"] <= time.time() + 1


def test_id_does_not_come_from_the_key(visma: Sandbox) -> None:
    first = visma.create_user()
    visma.identity("DELETE", f"/users/{first}")
    assert visma.create_user() != first


@pytest.mark.parametrize("email", ["sanne@kade.nl", "Sanne@KADE.nl"])
def test_second_user_with_the_same_email_is_refused(visma: Sandbox, email: str) -> None:
    visma.create_user()
    answer = visma.identity("POST", "/users", USER | {"email": email})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "ERROR_USER_LINKED_TO_CLIENT")
    assert len(visma.holds()["users"]) == 1
    assert len(visma.control("GET", "invitations")) == 1


def test_targets_do_not_share_users(visma: Sandbox, accountview: Sandbox) -> None:
    visma.create_user()
    accountview.create_user()
    assert [mail["target"] for mail in visma.control("GET", "invitations")] == ["visma_net", "accountview_net"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "no-address"}, "ERROR_INVALID_EMAIL"),
        ({"email": ""}, "ERROR_INVALID_EMAIL"),
        ({"email": None}, "ERROR_INVALID_EMAIL"),
        ({"email": "a@b.nl\r\nBcc: c@d.nl"}, "ERROR_INVALID_EMAIL"),
        ({"email": "sanne@mailinator.com"}, "ERROR_DOMAIN_DISPOSABLE"),
        ({"first_name": " "}, "ERROR_INVALID_FIRST_NAME"),
        ({"first_name": "\u00a0"}, "ERROR_INVALID_FIRST_NAME"),
        ({"first_name": "a\x00b"}, "ERROR_INVALID_FIRST_NAME"),
        ({"last_name": 7}, "ERROR_INVALID_LAST_NAME"),
        ({"last_name": "x" * 256}, "ERROR_INVALID_LAST_NAME"),
        ({"country_code": "nl"}, "ERROR_INVALID_COUNTRY_CODE"),
        ({"preferred_language": "Dutch"}, "ERROR_INVALID_PREFERRED_LANGUAGE"),
        ({"middle_name": "de"}, "ERROR_INVALID_REQUEST"),
    ],
)
def test_user_that_the_contract_does_not_allow_is_refused(visma: Sandbox, changes: dict[str, Any], code: str) -> None:
    answer = visma.identity("POST", "/users", USER | changes)
    assert (answer.status_code, answer.json()["error_code"]) == (422, code)
    assert visma.holds()["users"] == {}
    assert visma.control("GET", "invitations") == []


def test_lone_surrogate_in_a_name_is_refused(visma: Sandbox) -> None:
    """JSON can escape what no UTF-8 can hold."""
    content = json.dumps(USER | {"first_name": "\ud800"})
    answer = visma.identity("POST", "/users", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "ERROR_INVALID_FIRST_NAME")


@pytest.mark.parametrize("missing", ["email", "first_name", "last_name"])
def test_user_lacking_a_required_field_is_refused(visma: Sandbox, missing: str) -> None:
    user = {name: value for name, value in USER.items() if name != missing}
    answer = visma.identity("POST", "/users", user)
    assert (answer.status_code, answer.json()["error_code"]) == (422, f"ERROR_INVALID_{missing.upper()}")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"email": ', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"email": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
    ],
)
def test_body_that_is_no_json_object_is_refused(visma: Sandbox, content: bytes, content_type: str, status: int) -> None:
    answer = visma.identity("POST", "/users", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (status, "ERROR_INVALID_REQUEST")


def test_update_changes_what_is_given_and_invites_nobody(visma: Sandbox) -> None:
    user = visma.create_user()
    answer = visma.identity("PUT", f"/users/{user}", {"last_name": "Bakker", "email": "bakker@kade.nl"})
    assert answer.status_code == 200
    kept = visma.holds()["users"][user]
    assert (kept["first_name"], kept["last_name"], kept["email"]) == ("Sanne", "Bakker", "bakker@kade.nl")
    assert len(visma.control("GET", "invitations")) == 1


def test_email_can_change_its_case_and_frees_the_old_one(visma: Sandbox) -> None:
    user = visma.create_user()
    assert visma.identity("PUT", f"/users/{user}", {"email": "SANNE@kade.nl"}).status_code == 200
    assert visma.identity("PUT", f"/users/{user}", {"email": "new@kade.nl"}).status_code == 200
    visma.create_user()


def test_update_to_an_email_in_use_is_refused(visma: Sandbox) -> None:
    visma.create_user()
    other = visma.create_user(email="bram@kade.nl")
    answer = visma.identity("PUT", f"/users/{other}", {"email": "Sanne@kade.nl", "first_name": "X"})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "ERROR_USER_LINKED_TO_CLIENT")
    assert visma.holds()["users"][other]["first_name"] == "Sanne"


def test_unknown_user_is_404_everywhere(visma: Sandbox, tenant: str) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/users/nobody", None),
        ("PUT", "/users/nobody", {"first_name": "A"}),
        ("DELETE", "/users/nobody", None),
        ("POST", f"/tenants/{tenant}/users/nobody", None),
        ("DELETE", f"/tenants/{tenant}/users/nobody", None),
    ]
    for method, path, body in calls:
        answer = visma.identity(method, path, body)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "ERROR_USER_NOT_FOUND"), (method, path)


def test_find_by_email_ignores_case_and_answers_none_or_one(visma: Sandbox) -> None:
    user = visma.create_user()
    visma.create_user(email="bram@kade.nl")
    found = visma.identity("GET", "/users", params={"email": "SANNE@kade.nl"}).json()
    assert [u["id"] for u in found["users"]] == [user]
    assert visma.identity("GET", "/users", params={"email": "nobody@kade.nl"}).json()["users"] == []


def test_list_is_paged(visma: Sandbox) -> None:
    ids = [visma.create_user(email=f"user{n}@kade.nl") for n in range(5)]
    seen = []
    for page in (1, 2, 3):
        body = visma.identity("GET", "/users", params={"page": page, "per_page": 2}).json()
        assert (body["page"], body["per_page"], body["total_pages"], body["total_users"]) == (page, 2, 3, 5)
        seen += [user["id"] for user in body["users"]]
    assert seen == ids
    assert visma.identity("GET", "/users", params={"page": 4, "per_page": 2}).json()["users"] == []


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "per_page=0", "emial=a@b.nl", "page=1&page=2"])
def test_query_that_the_contract_does_not_allow_is_refused(visma: Sandbox, query: str) -> None:
    assert visma.identity("GET", f"/users?{query}").status_code == 422


def test_removing_a_user_takes_his_access_and_roles_along(visma: Sandbox, tenant: str) -> None:
    user, other = visma.create_user(), visma.create_user(email="bram@kade.nl")
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    for one in (user, other):
        visma.identity("POST", f"/tenants/{tenant}/users/{one}")
        visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{one}/roles", {"roles": ["user"]})
    assert visma.identity("DELETE", f"/users/{user}").status_code == 204
    holds = visma.holds()
    assert list(holds["users"]) == [other]
    assert holds["tenant_users"] == [[tenant, other]]
    assert holds["roles"] == [[tenant, "SCAN", other, ["user"]]]
    assert visma.identity("DELETE", f"/users/{user}").status_code == 404


def test_new_user_is_missing_from_lists_for_a_while_when_told_so(visma: Sandbox) -> None:
    visma.set(lag_s=60)
    user = visma.create_user()
    assert visma.identity("GET", "/users", params={"email": USER["email"]}).json()["users"] == []
    assert visma.identity("GET", f"/users/{user}").status_code == 200
    visma.set(lag_s=0.2)
    eventually(lambda: len(visma.identity("GET", "/users", params={"email": USER["email"]}).json()["users"]) == 1)


def test_removed_user_stays_in_lists_for_a_while_when_told_so(visma: Sandbox) -> None:
    """Listed, and yet gone when he is asked for."""
    user = visma.create_user()
    visma.set(lag_s=60)
    visma.identity("DELETE", f"/users/{user}")
    assert [u["id"] for u in visma.identity("GET", "/users").json()["users"]] == [user]
    assert visma.identity("GET", f"/users/{user}").status_code == 404
    visma.set(lag_s=0.2)
    eventually(lambda: visma.identity("GET", "/users").json()["users"] == [])
