"""The judge of all whole-way tests: what it calls equal, and that it sees every kind of difference."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest

from outbox import sandbox
from outbox.config import TargetSettings
from tests.conftest import Server, fill_reference
from tests.lane import differences, register_everything
from tests.witness.compare import compare

State = dict[str, Any]


@pytest.fixture(scope="module")
def loaded(server: Server) -> Iterator[tuple[str, State]]:
    """A database and what the clouds hold after its first load."""
    with server.cloned(server.template("reference", fill_reference)) as dsn, sandbox.running() as base_url:
        with psycopg.connect(dsn, autocommit=True) as connection:
            register_everything(connection, base_url)
        with urlopen(f"{base_url}/sandbox/state") as answer:
            yield dsn, json.load(answer)


@pytest.fixture
def connection(loaded: tuple[str, State]) -> Iterator[psycopg.Connection[Any]]:
    """In a transaction that is rolled back."""
    with psycopg.connect(loaded[0]) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def state(loaded: tuple[str, State]) -> State:
    return copy.deepcopy(loaded[1])


def user(state: State, email: str, target: str = "visma_net") -> str:
    return next(str(i) for i, u in state[target]["users"].items() if u["email"] == email)


def tenant(state: State, company: str, target: str = "visma_net") -> str:
    return next(str(i) for i, t in state[target]["tenants"].items() if t["external_id"] == company)


def test_equal_after_the_load(connection: psycopg.Connection[Any], state: State) -> None:
    """Rows that are not ready, the held user, and children without parents are no difference."""
    assert differences(connection, state) == []
    counted = {(c.target, c.resource): (c.rows, c.due, c.held) for c in compare(connection, state)}
    assert counted[("visma_net", "users")] == (14, 11, 11)
    assert counted[("visma_net", "companies")] == (3, 2, 2)
    assert counted[("visma_net", "projects")] == (300, 198, 198)


def _drop_user(s: State) -> None:
    del s["visma_net"]["users"][user(s, "anouk.smit@example.nl")]


def _rename_user(s: State) -> None:
    s["visma_net"]["users"][user(s, "anouk.smit@example.nl")]["first_name"] = "Anoek"


def _stranger(s: State) -> None:
    s["visma_net"]["users"]["x"] = {**s["visma_net"]["users"][user(s, "anouk.smit@example.nl")], "email": "x@y.nl"}


def _drop_access(s: State) -> None:
    s["visma_net"]["tenant_users"].remove([tenant(s, "001"), user(s, "anouk.smit@example.nl")])


def _give_access(s: State) -> None:
    s["visma_net"]["tenant_users"].append([tenant(s, "001"), user(s, "lars@zeewind.example.com")])


def _change_roles(s: State) -> None:
    of = user(s, "anouk.smit@example.nl", "accountview_net")
    next(r for r in s["accountview_net"]["roles"] if r[2] == of and r[1] == "REPORTING")[3].remove("author")


def _change_project(s: State) -> None:
    s["visma_net"]["projects"][tenant(s, "001")]["P0001"]["endDate"] = "2030-01-01T00:00:00"


def _project_too_many(s: State) -> None:
    projects = s["visma_net"]["projects"][tenant(s, "001")]
    projects["P9999"] = {**projects["P0001"], "status": "Active"}


def _segment_inactive(s: State) -> None:
    s["visma_net"]["segments"][tenant(s, "002")]["1"]["4000"]["active"] = False


def _segments_swapped(s: State) -> None:
    values = s["visma_net"]["segments"][tenant(s, "002")]
    values["1"]["KP100"] = values["2"].pop("KP100")


def _company_moved(s: State) -> None:
    s["visma_net"]["tenants"][tenant(s, "002")]["city"] = "Delft"


def _company_too_many(s: State) -> None:
    s["accountview_net"]["tenants"]["x"] = {
        **s["accountview_net"]["tenants"][tenant(s, "001", "accountview_net")],
        "external_id": "007",
    }


@pytest.mark.parametrize(
    ("spoil", "sentences"),
    [
        (_drop_user, ["visma_net users SMIT: is not in the cloud"]),
        (_rename_user, ["visma_net users SMIT: first_name is 'Anoek' and should be 'Anouk'"]),
        (_stranger, ["visma_net users x@y.nl: is in the cloud, and no row asks for it"]),
        (_drop_access, ["visma_net company_access SMIT 001: is not in the cloud"]),
        (_give_access, ["visma_net company_access BERG 001: is in the cloud, and no row asks for it"]),
        (_change_project, ["visma_net projects 001 P0001: end_date is '2030-01-01T00:00:00' and should be"]),
        (_project_too_many, ["visma_net projects 001 P9999: is in the cloud, and no row asks for it"]),
        (_segment_inactive, ["visma_net cost_types 002 4000: active is False and should be True"]),
        (
            _segments_swapped,
            [
                "visma_net cost_types 002 KP100: is in the cloud, and no row asks for it",
                "visma_net cost_centres 002 KP100: is not in the cloud",
            ],
        ),
        (_company_moved, ["visma_net companies 002: city is 'Delft' and should be 'Rotterdam'"]),
        (_company_too_many, ["accountview_net companies 007: is in the cloud, and no row asks for it"]),
    ],
)
def test_every_kind_of_difference_is_seen(
    connection: psycopg.Connection[Any], state: State, spoil: Callable[[State], None], sentences: list[str]
) -> None:
    """Whatever the mirror believes: it still says that all is well."""
    spoil(state)
    found = differences(connection, state)
    assert [f[: len(s)] for f, s in zip(found, sentences, strict=True)] == sentences


def test_roles_are_compared(connection: psycopg.Connection[Any], state: State) -> None:
    _change_roles(state)
    (found,) = differences(connection, state)
    assert "app_access SMIT" in found
    assert "roles is ['reader'] and should be ['author', 'reader']" in found


def test_removed_project_may_stay_as_completed(connection: psycopg.Connection[Any], state: State) -> None:
    """The ERP knows no delete. Any other status of it is a difference."""
    connection.execute("DELETE FROM accountview.projects WHERE (administration_code, code) = ('A100', 'P0001')")
    assert state["visma_net"]["projects"][tenant(state, "001")]["P0001"]["status"] == "Completed"
    assert differences(connection, state) == []
    cancelled = {"visma_net": TargetSettings("visma_net", removed_status="Cancelled")}
    assert differences(connection, state, cancelled) == [
        "visma_net projects 001 P0001: is in the cloud, and no row asks for it"
    ]


def test_frozen_user_may_stay_or_be_gone(connection: psycopg.Connection[Any], state: State) -> None:
    """His e-mail is cleared: no row names it any more, but the mirror knows whose object it is."""
    connection.execute("UPDATE accountview.users SET email = NULL WHERE code = 'SMIT'")
    assert differences(connection, state) == []
    state["visma_net"]["users"][user(state, "anouk.smit@example.nl")]["last_name"] = "anders"
    assert differences(connection, state) == []


def test_deleted_user_must_be_gone(connection: psycopg.Connection[Any], state: State) -> None:
    connection.execute("DELETE FROM accountview.users WHERE code = 'SMIT'")
    assert [d for d in differences(connection, state) if " users " in d] == [
        "accountview_net users anouk.smit@example.nl: is in the cloud, and no row asks for it",
        "visma_net users anouk.smit@example.nl: is in the cloud, and no row asks for it",
    ]


@pytest.mark.parametrize("status", ["held", "dead"])
def test_held_and_dead_keys_are_left_out(connection: psycopg.Connection[Any], state: State, status: str) -> None:
    """That key and no other."""
    connection.execute("UPDATE accountview.projects SET description = 'Anders' WHERE code IN ('P0001', 'P0002')")
    assert len(differences(connection, state)) == 4
    connection.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at)"
        " VALUES ('visma_net', 'projects', '{001,P0001}', 'UPDATE', %s, 'why', now())",
        [status],
    )
    assert sorted(d.partition(":")[0] for d in differences(connection, state)) == [
        "visma_net projects 001 P0002",
        "visma_net projects 002 P0001",
        "visma_net projects 002 P0002",
    ]


def test_licence_prefix_is_part_of_the_external_id(connection: psycopg.Connection[Any], state: State) -> None:
    settings = {"visma_net": TargetSettings("visma_net", licence_prefix="L1-")}
    found = [d for d in differences(connection, state, settings) if " companies " in d]
    assert "visma_net companies 001: is not in the cloud" in found
    for t in state["visma_net"]["tenants"].values():
        t["external_id"] = "L1-" + t["external_id"]
    assert differences(connection, state, settings) == []


def test_target_without_views_is_not_compared(connection: psycopg.Connection[Any], state: State) -> None:
    connection.execute("DROP SCHEMA visma_net CASCADE")
    _stranger(state)
    assert differences(connection, state) == []
