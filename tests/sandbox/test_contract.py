"""The contract as a table, and that the rules behind it are exactly its own."""

from __future__ import annotations

import doctest
import inspect

import pytest

from outbox.sandbox import paths
from outbox.sandbox.contract import ENDPOINTS, SCOPES, Api, Endpoint, Mark
from outbox.sandbox.routing import MODULES, RULES, find_place
from tests.sandbox.conftest import Sandbox

BASE = {Api.IDENTITY: ["visma_net", "identity", "v1.0"], Api.ERP: ["visma_net", "erp", "v1"]}


def test_every_endpoint_has_its_rule_and_every_rule_its_endpoint() -> None:
    """By their names: what takes a cloud and a call is a rule."""
    assert RULES.keys() == {
        name
        for module in MODULES
        for name, made in vars(module).items()
        if inspect.isfunction(made)
        and inspect.get_annotations(made) == {"cloud": "Cloud", "call": "Call", "return": "Answer"}
    }


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_path_leads_to_its_endpoint(endpoint: Endpoint) -> None:
    """To it alone: no other path of the same length takes the request away."""
    place = find_place(BASE[endpoint.api] + endpoint.path[1:].split("/"))
    assert place is not None
    assert place.methods[endpoint.method] is endpoint


def test_all_of_the_erp_is_published_and_no_removal_in_the_identity_api_is() -> None:
    for endpoint in ENDPOINTS:
        if endpoint.api is Api.ERP:
            assert endpoint.mark is Mark.PUBLISHED
        elif endpoint.method == "DELETE":
            assert endpoint.mark is Mark.ASSUMED


def test_scope_belongs_to_one_api() -> None:
    assert not SCOPES[Api.IDENTITY] & SCOPES[Api.ERP]
    assert all(endpoint.scope in SCOPES[endpoint.api] for endpoint in ENDPOINTS)


def test_unknown_path_and_wrong_method_are_told_apart(visma: Sandbox) -> None:
    unknown = visma.identity("GET", "/nothing/here")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "ERROR_NOT_FOUND")
    wrong = visma.identity("PATCH", "/users/x")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "DELETE, GET, PUT")


@pytest.mark.parametrize("path", ["/nowhere", "/visma_net", "/visma_net/identity/v2.0/users", "/nobody/connect/token"])
def test_where_no_api_is_a_gateway_answers_in_html(visma: Sandbox, path: str) -> None:
    answer = visma.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(paths).failed == 0
    assert doctest.testmod(paths).attempted == 2
