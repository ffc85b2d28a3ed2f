"""The identity API's rules for companies, access, apps and roles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lane import eventually
from tests.sandbox.conftest import PROJECT, TENANT, Sandbox


def test_new_company_gets_an_id_and_nobody_a_mail(visma: Sandbox) -> None:
    answer = visma.identity("POST", "/tenants", TENANT | {"organization_number": "12345678", "city": "Utrecht"})
    assert answer.status_code == 201
    tenant = answer.json()
    assert visma.holds()["tenants"] == {tenant["id"]: tenant}
    assert (tenant["organization_number"], tenant["city"], tenant["address_1"]) == ("12345678", "Utrecht", None)
    assert visma.control("GET", "invitations") == []


def test_external_id_is_unique(visma: Sandbox, tenant: str) -> None:
    answer = visma.identity("POST", "/tenants", TENANT)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "ERROR_EXTERNAL_ID_ALREADY_ADDED")
    other = visma.create_tenant(external_id="L1-002")
    answer = visma.identity("PUT", f"/tenants/{other}", {"external_id": "L1-001"})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "ERROR_EXTERNAL_ID_ALREADY_ADDED")
    assert visma.identity("PUT", f"/tenants/{other}", {"external_id": "L1-002"}).status_code == 200


def test_changed_external_id_frees_the_old_one(visma: Sandbox, tenant: str) -> None:
    visma.identity("PUT", f"/tenants/{tenant}", {"external_id": "L2-001"})
    found = visma.identity("GET", "/search/tenants", params={"external_id": "L1-001"}).json()
    assert found["tenants"] == []
    assert visma.create_tenant() != tenant


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"organization_name": ""}, "ERROR_INVALID_ORGANIZATION_NAME"),
        ({"organization_number": "1234567"}, "ERROR_INVALID_ORGANIZATION_NUMBER"),
        ({"organization_number": "KVK12345"}, "ERROR_INVALID_ORGANIZATION_NUMBER"),
        ({"organization_number": ""}, "ERROR_INVALID_ORGANIZATION_NUMBER"),
        ({"country_code": "Nederland"}, "ERROR_INVALID_COUNTRY_CODE"),
        ({"country_code": None}, "ERROR_INVALID_COUNTRY_CODE"),
        ({"name": "Kade"}, "ERROR_INVALID_REQUEST"),
    ],
)
def test_company_that_the_contract_does_not_allow_is_refused(
    visma: Sandbox, changes: dict[str, Any], code: str
) -> None:
    answer = visma.identity("POST", "/tenants", TENANT | changes)
    assert (answer.status_code, answer.json()["error_code"]) == (422, code)
    assert visma.holds()["tenants"] == {}


def test_update_is_judged_as_a_whole(visma: Sandbox) -> None:
    """The number alone is fine in Germany; moved to the Netherlands it is not."""
    tenant = visma.create_tenant(country_code="DE", organization_number="HRB 1")
    answer = visma.identity("PUT", f"/tenants/{tenant}", {"country_code": "NL"})
    assert answer.json()["error_code"] == "ERROR_INVALID_ORGANIZATION_NUMBER"
    assert visma.holds()["tenants"][tenant]["country_code"] == "DE"


def test_null_clears_a_field_of_the_company(visma: Sandbox) -> None:
    tenant = visma.create_tenant(city="Utrecht", organization_number="12345678")
    assert visma.identity("PUT", f"/tenants/{tenant}", {"organization_number": None}).status_code == 200
    kept = visma.holds()["tenants"][tenant]
    assert (kept["organization_number"], kept["city"]) == (None, "Utrecht")


def test_search_finds_by_external_id_or_by_country_and_number(visma: Sandbox) -> None:
    first = visma.create_tenant(organization_number="12345678")
    second = visma.create_tenant(organization_number="12345678", external_id="L1-002")

    def search(**query: str) -> list[str]:
        return [t["id"] for t in visma.identity("GET", "/search/tenants", params=query).json()["tenants"]]

    assert search(external_id="L1-002") == [second]
    assert search(external_id="L1-003") == []
    both = {"organization_number": "12345678", "operator": "AND"}
    assert search(country_code="NL", **both) == [first, second]
    assert search(country_code="NL", **both, limit="1") == [first]
    assert search(country_code="BE", **both) == []
    assert search(country_code="BE", **(both | {"operator": "OR"})) == [first, second]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "country_code=NL",
        "external_id=L1-001&country_code=NL",
        "country_code=NL&organization_number=12345678",
        "external_id=x&limit=0",
        "external_id=x&operator=NOT",
    ],
)
def test_search_without_a_whole_criterion_is_refused(visma: Sandbox, query: str) -> None:
    assert visma.identity("GET", f"/search/tenants?{query}").status_code == 422


def test_new_company_is_missing_from_search_for_a_while_when_told_so(visma: Sandbox) -> None:
    visma.set(lag_s=60)
    visma.create_tenant()
    query = {"external_id": "L1-001"}
    assert visma.identity("GET", "/search/tenants", params=query).json()["tenants"] == []
    visma.set(lag_s=0.2)
    eventually(lambda: visma.identity("GET", "/search/tenants", params=query).json()["tenants"])


def test_list_of_companies_is_paged(visma: Sandbox) -> None:
    ids = [visma.create_tenant(external_id=f"L1-{n}") for n in range(3)]
    body = visma.identity("GET", "/tenants", params={"per_page": 2}).json()
    assert ([t["id"] for t in body["tenants"]], body["total_pages"]) == (ids[:2], 2)


def test_removing_a_company_takes_everything_in_it_along(visma: Sandbox, tenant: str) -> None:
    user = visma.create_user()
    visma.identity("POST", f"/tenants/{tenant}/users/{user}")
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{user}/roles", {"roles": ["user"]})
    visma.erp(tenant, "POST", "/project", PROJECT)
    values = {"segmentValues": [{"operation": "Insert", "value": "110"}]}
    visma.erp(tenant, "PUT", "/dimension/SUBACCOUNT/1", values)
    assert visma.identity("DELETE", f"/tenants/{tenant}").status_code == 204
    assert visma.holds() == {
        "users": visma.holds()["users"],
        "tenants": {},
        "tenant_users": [],
        "roles": [],
        "projects": {},
        "segments": {},
    }
    assert list(visma.holds()["users"]) == [user]
    assert visma.create_tenant() != tenant


def test_unknown_company_is_404_everywhere(visma: Sandbox) -> None:
    user = visma.create_user()
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/tenants/nothing", None),
        ("PUT", "/tenants/nothing", {"city": "Utrecht"}),
        ("DELETE", "/tenants/nothing", None),
        ("GET", "/tenants/nothing/users", None),
        ("POST", f"/tenants/nothing/users/{user}", None),
        ("DELETE", f"/tenants/nothing/users/{user}", None),
        ("POST", "/tenants/nothing/applications/SCAN", None),
        ("PUT", f"/tenants/nothing/applications/SCAN/users/{user}/roles", {"roles": []}),
    ]
    for method, path, body in calls:
        answer = visma.identity(method, path, body)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "ERROR_TENANT_NOT_FOUND"), (method, path)


def test_access_is_given_taken_and_listed(visma: Sandbox, tenant: str) -> None:
    user = visma.create_user()
    path = f"/tenants/{tenant}/users/{user}"
    assert visma.identity("POST", path).status_code == 204
    assert visma.identity("POST", path).status_code == 204
    assert visma.holds()["tenant_users"] == [[tenant, user]]
    listed = visma.identity("GET", f"/tenants/{tenant}/users").json()
    assert [(u["id"], u["email"]) for u in listed["users"]] == [(user, "sanne@kade.nl")]
    assert visma.identity("DELETE", path).status_code == 204
    assert visma.holds()["tenant_users"] == []
    assert visma.identity("DELETE", path).status_code == 404


def test_call_that_takes_no_body_refuses_one(visma: Sandbox, tenant: str) -> None:
    user = visma.create_user()
    assert visma.identity("POST", f"/tenants/{tenant}/users/{user}", {"role": "admin"}).status_code == 422


def test_roles_need_the_app_on_the_company_first(visma: Sandbox, tenant: str) -> None:
    user = visma.create_user()
    path = f"/tenants/{tenant}/applications/SCAN/users/{user}/roles"
    refused = visma.identity("PUT", path, {"roles": ["user"]})
    assert (refused.status_code, refused.json()["error_code"]) == (404, "ERROR_APPLICATION_NOT_FOUND")
    assert visma.identity("POST", f"/tenants/{tenant}/applications/SCAN").status_code == 204
    assert visma.identity("POST", f"/tenants/{tenant}/applications/SCAN").status_code == 204
    assert visma.identity("PUT", path, {"roles": ["user"]}).json() == {"roles": ["user"]}


def test_roles_are_a_whole_set_and_an_empty_one_removes(visma: Sandbox, tenant: str) -> None:
    user = visma.create_user()
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    path = f"/tenants/{tenant}/applications/SCAN/users/{user}/roles"
    visma.identity("PUT", path, {"roles": ["user", "administrator"]})
    visma.identity("PUT", path, {"roles": ["user"]})
    assert visma.holds()["roles"] == [[tenant, "SCAN", user, ["user"]]]
    read = visma.identity("GET", f"/tenants/applications/SCAN/users/{user}")
    assert read.json() == [{"id": tenant, "roles": ["user"]}]
    assert visma.identity("PUT", path, {"roles": []}).status_code == 200
    assert visma.identity("PUT", path, {"roles": []}).status_code == 200
    assert visma.holds()["roles"] == []


def test_roles_do_not_hang_on_access(visma: Sandbox, tenant: str) -> None:
    """No order between the two is needed, neither when they come nor when they go."""
    user = visma.create_user()
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{user}/roles", {"roles": ["user"]})
    visma.identity("POST", f"/tenants/{tenant}/users/{user}")
    visma.identity("DELETE", f"/tenants/{tenant}/users/{user}")
    assert visma.holds()["roles"] == [[tenant, "SCAN", user, ["user"]]]


@pytest.mark.parametrize("roles", [None, "user", [""], [1], ["user", "user"], [None]])
def test_roles_that_are_no_set_of_names_are_refused(visma: Sandbox, tenant: str, roles: Any) -> None:
    user = visma.create_user()
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    answer = visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{user}/roles", {"roles": roles})
    assert answer.status_code == 422
    assert visma.holds()["roles"] == []


def test_app_must_be_in_the_catalogue_which_can_be_added_to(visma: Sandbox, tenant: str) -> None:
    path = f"/tenants/{tenant}/applications/FLEET"
    answer = visma.identity("POST", path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ERROR_APPLICATION_NOT_FOUND")
    visma.control("POST", "applications", [{"id": "FLEET", "name": "Wagenpark", "vendor": "Derde B.V."}])
    assert visma.identity("POST", path).status_code == 204
    listed = visma.identity("GET", "/applications").json()["applications"]
    assert {"id": "FLEET", "name": "Wagenpark", "vendor": "Derde B.V."} in listed
    assert {"WORKFLOW", "SCAN", "REPORTING", "BANKLINK", "FISCAL"} <= {app["id"] for app in listed}
