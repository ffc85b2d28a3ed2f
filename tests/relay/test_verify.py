"""verify: what the cloud really holds, beside mirror and views."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from outbox import verify as verifying
from outbox.register.preview import preview
from outbox.relay.connection import connect
from outbox.targets.answers import Answer
from outbox.targets.held import Held
from outbox.targets.tokens import Company
from outbox.targets.wire import erp_code
from outbox.verify import Finding, Verified, reading
from outbox.verify.store import Questions
from tests.hands import Hands
from tests.lane import World, at_work, eventually

Damage = Callable[[World, Hands], Any]
Pages = AsyncIterator[list[Held]]
Around = Callable[[str, Pages], Pages]


pytestmark = pytest.mark.usefixtures("rereading_soon")


def verify(
    world: World, *resources: str, repair: bool = False, around: Around = lambda resource, pages: pages
) -> dict[str, Verified]:
    """around: what else happens while a list is read, page by page."""

    async def run() -> list[Verified]:
        async with await connect(world.dsn) as connection, reading(connection, world.settings()) as listed:
            pages = listed.pages
            listed.pages = lambda resource, place: around(resource, pages(resource, place))  # type: ignore[method-assign]
            return await verifying.verify(connection, listed, resources, repair=repair)

    return {v.resource: v for v in world.run(run())}


def found(world: World, *resources: str, repair: bool = False) -> list[tuple[str, str, tuple[str, ...] | None]]:
    """(resource, kind, key) of everything that was found; nothing may be unknown."""
    checked = verify(world, *resources, repair=repair)
    assert [v.why for v in checked.values() if v.why] == []
    return [(f.resource, f.kind, f.key) for v in checked.values() for f in v.findings]


def first(world: World, resource: str) -> Finding:
    return verify(world, resource)[resource].findings[0]


@pytest.fixture
def filled(world: World) -> World:
    """AccountView.Net with a user who may open a company and has a role in an app."""
    world.user("ann")
    world.user("bob")
    world.company("001")
    world.right("ann")
    world.sql("INSERT INTO accountview.app_access (app_code, user_code, roles) VALUES ('SCAN', 'ann', '{a,b}')")
    world.settled()
    return world


@pytest.fixture
def filled_erp(erp: World) -> World:
    """Visma.net with a company that has a project, a cost type and some cost centres."""
    erp.company("001")
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P/1', 'Dak', '2024-01-01', NULL, 'Active'),"
            " ('A1', 'P2', 'Muur', '2024-01-01', '2024-12-31', 'Active')")  # fmt: skip
    erp.sql("INSERT INTO accountview.cost_types VALUES ('A1', '10', 'Loon', true)")
    erp.sql("INSERT INTO accountview.cost_centres VALUES ('A1', 'N', 'Noord', true), ('A1', 'Z', NULL, false)")
    erp.settled()
    return erp


def remote_id(world: World, resource: str, *key: str) -> str:
    return str(world.mirror(resource, *key)["remote_id"])


# -- equal -------------------------------------------------------------------------------------------------------


def test_what_was_delivered_is_equal(filled: World) -> None:
    """Every resource of AccountView.Net, with the objects counted."""
    checked = verify(filled)
    assert {r: (v.result, v.listed) for r, v in checked.items()} == {
        "users": ("equal", 2),
        "companies": ("equal", 1),
        "company_access": ("equal", 1),
        "app_access": ("equal", 1),
    }


def test_what_was_delivered_to_the_erp_is_equal(filled_erp: World) -> None:
    """And every resource of Visma.net."""
    checked = verify(filled_erp)
    listed = {r: (v.result, v.listed) for r, v in checked.items()}
    assert listed["projects"] == ("equal", 2)
    assert listed["cost_types"] == ("equal", 1)
    assert listed["cost_centres"] == ("equal", 2)
    assert {result for result, _ in listed.values()} == {"equal"}


def test_it_writes_nothing_to_the_cloud(filled: World) -> None:
    """It reads."""
    before = filled.writes()
    verify(filled, repair=True)
    assert filled.writes() == before


# -- missing and different ------------------------------------------------------------------------------------------

DAMAGE: dict[str, tuple[Damage, tuple[str, str, tuple[str, ...] | None]]] = {
    "user renamed": (
        lambda w, h: h.identity("PUT", f"/users/{remote_id(w, 'users', 'ann')}", {"last_name": "Anders"}),
        ("users", "different", ("ann",)),
    ),
    "company renamed": (
        lambda w, h: h.identity("PUT", f"/tenants/{remote_id(w, 'companies', '001')}", {"organization_name": "X"}),
        ("companies", "different", ("001",)),
    ),
    "external id taken off": (
        lambda w, h: h.identity("PUT", f"/tenants/{remote_id(w, 'companies', '001')}", {"external_id": None}),
        ("companies", "different", ("001",)),
    ),
    "access taken": (
        lambda w, h: h.identity(
            "DELETE", f"/tenants/{remote_id(w, 'companies', '001')}/users/{remote_id(w, 'users', 'ann')}"
        ),
        ("company_access", "missing", ("ann", "001")),
    ),
    "roles changed": (
        lambda w, h: h.identity("PUT", _roles(w), {"roles": ["a"]}),
        ("app_access", "different", ("ann", "001", "SCAN")),
    ),
    "roles taken": (
        lambda w, h: h.identity("PUT", _roles(w), {"roles": []}),
        ("app_access", "missing", ("ann", "001", "SCAN")),
    ),
}


def _roles(world: World) -> str:
    tenant, user = remote_id(world, "companies", "001"), remote_id(world, "users", "ann")
    return f"/tenants/{tenant}/applications/SCAN/users/{user}/roles"


ERP_DAMAGE: dict[str, tuple[Damage, tuple[str, str, tuple[str, ...] | None]]] = {
    "project changed": (
        lambda w, h: h.erp(
            remote_id(w, "companies", "001"),
            "PUT",
            "/project/P2",
            {"description": {"value": "Muur"}, "startDate": {"value": "2024-01-01T00:00:00"},
             "endDate": {"value": None}},
        ),
        ("projects", "different", ("001", "P2")),
    ),
    "value changed": (
        lambda w, h: _write(w, h, 2, "Update", "N", description="Zuid"),
        ("cost_centres", "different", ("001", "N")),
    ),
    "value's description cleared": (  # and not shown any more
        lambda w, h: _write(w, h, 2, "Update", "N", description=None),
        ("cost_centres", "different", ("001", "N")),
    ),
    "value switched on": (
        lambda w, h: _write(w, h, 2, "Update", "Z", active=True),
        ("cost_centres", "different", ("001", "Z")),
    ),
    "value deleted": (
        lambda w, h: _write(w, h, 1, "Delete", "10"),
        ("cost_types", "missing", ("001", "10")),
    ),
}  # fmt: skip


def _write(world: World, by: Hands, segment: int, operation: str, value: str, **fields: Any) -> None:
    entry = {"operation": operation, "value": value, **{n: {"value": v} for n, v in fields.items()}}
    tenant = remote_id(world, "companies", "001")
    by.erp(tenant, "PUT", f"/dimension/SUBACCOUNT/{segment}", {"segmentValues": [entry]})


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_set_back_and_then_gone(filled: World, name: str) -> None:
    """Reported, and by --repair set back through the relay; nobody gets a mail."""
    damage, finding = DAMAGE[name]
    _damaged(filled, damage, finding)


@pytest.mark.parametrize("name", ERP_DAMAGE)
def test_damage_in_the_erp_is_found_set_back_and_then_gone(filled_erp: World, name: str) -> None:
    """The same for what each company's ERP holds."""
    damage, finding = ERP_DAMAGE[name]
    _damaged(filled_erp, damage, finding)


def _damaged(world: World, damage: Damage, finding: tuple[str, str, tuple[str, ...] | None]) -> None:
    mails = world.invited()
    damage(world, world.hands())
    assert found(world) == [finding]
    assert world.pending() == []
    assert found(world, repair=True) == [finding]
    assert [(p[1], tuple(p[2])) for p in world.pending()] == [(finding[0], finding[2])]
    world.settled()
    assert found(world) == []
    assert world.invited() == mails


def test_an_end_date_set_by_hand_is_cleared_by_a_repair(filled_erp: World) -> None:
    """An update without an ETag clears what was acknowledged and nothing else; a repair reads first, and sees it."""
    tenant = remote_id(filled_erp, "companies", "001")

    def ends() -> dict[str, str | None]:
        return {code: held["endDate"] for code, held in filled_erp.holds()["projects"][tenant].items()}

    by_hand = {"description": "Dak", "startDate": "2024-01-01T00:00:00", "endDate": "2030-01-01T00:00:00"}
    wrapped = {name: {"value": x} for name, x in by_hand.items()}
    filled_erp.hands().erp(tenant, "PUT", f"/project/{erp_code('P/1')}", wrapped)
    filled_erp.sql("UPDATE outbox.mirror SET etag = NULL WHERE resource = 'projects'")
    filled_erp.sql("UPDATE accountview.projects SET description = 'Nieuw', end_date = NULL")
    filled_erp.drain()
    assert ends() == {"P/1": "2030-01-01T00:00:00", "P2": None}
    assert found(filled_erp, "projects", repair=True) == [("projects", "different", ("001", "P/1"))]
    filled_erp.settled()
    assert ends() == {"P/1": None, "P2": None}


def test_it_says_which_columns_are_different(filled: World) -> None:
    """By the view's names."""
    change = {"first_name": "Anna", "preferred_language": "en"}
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", change)
    assert first(filled, "users").what == "first_name and language are different there"


def test_a_user_who_is_gone_is_held_not_invited_again(filled: World) -> None:
    """--repair of a missing user asks a person: a create mails."""
    mails = filled.invited()
    filled.hands().identity("DELETE", f"/users/{remote_id(filled, 'users', 'bob')}")
    assert found(filled, "users", repair=True) == [("users", "missing", ("bob",))]
    filled.drain()
    assert filled.last("users", "bob") == ("held", "gone from the cloud; approve to create again")
    assert filled.invited() == mails


def test_what_a_lost_message_left_is_found_without_asking_the_cloud(filled: World) -> None:
    """Rows changed while triggers were off: new, changed and deleted ones; --repair makes all of it good."""
    with filled.uncaptured():
        filled.user("cor")
        filled.sql("UPDATE accountview.users SET last_name = 'Nieuw' WHERE code = 'ann'")
        filled.sql("DELETE FROM accountview.users WHERE code = 'bob'")
    assert sorted(found(filled, "users", repair=True)) == [
        ("users", "different", ("ann",)),
        ("users", "different", ("bob",)),
        ("users", "missing", ("cor",)),
    ]
    filled.settled()
    assert found(filled) == []


def test_what_is_pending_is_not_reported(filled: World) -> None:
    """A row that is about to be sent, by a full key or by a coarse message, is nobody's news."""
    filled.sql("UPDATE accountview.users SET last_name = 'Nieuw' WHERE code = 'ann'")
    assert found(filled, "users") == []
    filled.drain()
    with filled.uncaptured():
        filled.sql("UPDATE accountview.users SET last_name = 'Weer' WHERE code = 'ann'")
    filled.message("users")
    assert found(filled, "users") == []
    DAMAGE["access taken"][0](filled, filled.hands())
    filled.message("company_access", "ann", "001")
    assert found(filled, "company_access") == []


def test_what_is_wrong_in_two_ways_is_reported_once(filled: World) -> None:
    """The row changed while triggers were off, and somebody changed the user in the cloud."""
    with filled.uncaptured():
        filled.sql("UPDATE accountview.users SET last_name = 'Weer' WHERE code = 'ann'")
    DAMAGE["user renamed"][0](filled, filled.hands())
    assert found(filled, "users") == [("users", "different", ("ann",))]


def test_many_that_are_missing_are_looked_through_in_pages(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page begins behind the last row of the one before."""
    filled.user("cor")
    filled.settled()
    monkeypatch.setattr("outbox.verify.store.PAGE", 2)
    for code in ("ann", "bob", "cor"):
        filled.hands().identity("DELETE", f"/users/{remote_id(filled, 'users', code)}")
    assert found(filled, "users") == [("users", "missing", (code,)) for code in ("ann", "bob", "cor")]


def test_what_is_held_or_dead_is_not_reported(filled: World) -> None:
    """A person has it on his desk already."""
    filled.sql("UPDATE accountview.users SET email = 'x@example.nl', first_name = 'X', last_name = 'Y'"
               " WHERE code = 'ann'")  # fmt: skip
    filled.sql("UPDATE accountview.users SET email = 'bob@mailinator.com' WHERE code = 'bob'")
    filled.drain()
    assert (filled.last("users", "ann")[0], filled.last("users", "bob")[0]) == ("held", "dead")
    assert found(filled, "users", repair=True) == []
    assert filled.pending() == []


def test_what_a_person_rejected_is_not_reported(filled: World) -> None:
    """He decided that the cloud keeps it."""
    with filled.uncaptured():
        filled.sql("DELETE FROM accountview.users WHERE code = 'bob'")
    filled.sql("INSERT INTO outbox.decision (decision, target, resource, key, why)"
               " VALUES ('reject', %s, 'users', '{bob}', 'he stays')", filled.target)  # fmt: skip
    assert found(filled, "users") == []


def test_what_is_not_ready_is_reported_and_not_set_back(filled: World) -> None:
    """A frozen row stays in the cloud as it is; --repair says so and writes no message."""
    filled.sql("UPDATE accountview.users SET first_name = NULL WHERE code = 'ann'")
    filled.drain()
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    checked = verify(filled, "users", repair=True)["users"]
    assert [(f.key, f.set_back) for f in checked.findings] == [(("ann",), False)]
    assert "not ready" in checked.findings[0].what
    assert (checked.set_back, filled.pending()) == (0, [])


def test_a_change_between_the_two_looks_is_no_finding(filled: World) -> None:
    """The list was read, then the relay sent something: the second look shows it."""
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})

    async def then_changed(resource: str, pages: Pages) -> Pages:
        async for page in pages:
            yield page
        filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Naam"})

    assert verify(filled, "users", around=then_changed)["users"].result == "equal"


# -- what nobody here made --------------------------------------------------------------------------------------------


def test_what_nobody_here_made_is_listed_and_never_touched(filled: World) -> None:
    """A user, a company and an access made by hand; equal all the same, and --repair writes nothing."""
    by = filled.hands()
    user, tenant = by.user("hand@example.nl"), by.tenant("Handwerk BV")
    by.identity("POST", f"/tenants/{remote_id(filled, 'companies', '001')}/users/{user}")
    before = filled.holds()
    checked = verify(filled, repair=True)
    listed = {(f.resource, f.kind, f.remote_id, f.name) for v in checked.values() for f in v.findings}
    assert listed == {
        ("users", "unmanaged", user, "hand@example.nl"),
        ("companies", "unmanaged", tenant, "Handwerk BV"),
        ("company_access", "unmanaged", f"{remote_id(filled, 'companies', '001')}/{user}", "hand@example.nl"),
    }
    assert {v.result for v in checked.values()} == {"equal"}
    filled.drain()
    assert filled.holds() == before


def test_what_removing_leaves_behind_is_not_listed(filled_erp: World) -> None:
    """A completed project and an inactive value that could not be deleted are no news."""
    filled_erp.cloud.post("/sandbox/settings", json={"in_use": ["N"]}).raise_for_status()
    filled_erp.sql("DELETE FROM accountview.projects WHERE code = 'P2'")
    filled_erp.sql("DELETE FROM accountview.cost_centres WHERE code = 'N'")
    filled_erp.drain()
    assert found(filled_erp) == []
    _write(filled_erp, filled_erp.hands(), 2, "Insert", "H", description="Met de hand")
    assert found(filled_erp, "cost_centres") == [("cost_centres", "unmanaged", None)]
    filled_erp.cloud.post("/sandbox/settings", json={"in_use": []}).raise_for_status()


def test_a_create_whose_answer_is_not_in_is_no_stranger(filled: World) -> None:
    """It is ours, only nobody knows it yet."""
    filled.user("cor")
    filled.fault("drop_after", "POST", "/users$")
    with filled.stepping() as relay:
        relay.begin()
        relay.land()
        assert found(filled, "users") == []


# -- unknown ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 403, "body": {"error_code": "ERROR_FORBIDDEN"}},
    {"kind": "status", "status": 404, "body": {"error_code": "ERROR_NOT_FOUND"}},
    {"kind": "html"},
    {"kind": "truncate"},
    {"kind": "drop_before"},
    {"kind": "retry_after", "retry_after": 0},
    {"kind": "status", "status": 200, "body": {"users": None}},
    {"kind": "status", "status": 200, "body": {"users": [{"email": "x@example.nl"}], "total_pages": 1}},
    {"kind": "status", "status": 200, "body": {"users": [], "total_pages": 1, "total_users": 2}},
], ids=lambda f: f["kind"] + str(f.get("status", "")))  # fmt: skip
def test_a_list_that_cannot_be_read_is_unknown_and_repairs_nothing(filled: World, fault: dict[str, Any]) -> None:
    """Whatever else differs: nothing of that resource is concluded; the others are compared."""
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    filled.fault(**fault, method="GET", path="/users$", times=None)
    checked = verify(filled, "users", "companies", repair=True)
    assert (checked["users"].result, checked["users"].findings) == ("unknown", ())
    assert checked["users"].why
    assert checked["companies"].result == "equal"
    assert filled.pending() == []


def test_a_page_that_fails_after_others_makes_all_of_it_unknown(filled: World) -> None:
    """What the first pages showed does not count either: a missing page would look like missing users."""
    _many_users(filled, 150)
    filled.fault("status", "GET", "/users$", times=None, status=500, after=1)
    checked = verify(filled, "users", repair=True)["users"]
    assert (checked.result, checked.findings, filled.pending()) == ("unknown", (), [])


@pytest.fixture
def two_erps(filled_erp: World) -> World:
    """A second company with projects; one of each was changed by hand, and another one while triggers were off."""
    filled_erp.company("002", "A2")
    filled_erp.sql("INSERT INTO accountview.projects VALUES ('A2', 'P1', 'Dak', '2024-01-01', NULL, 'Active'),"
                   " ('A2', 'P2', 'Muur', '2024-01-01', NULL, 'Active')")  # fmt: skip
    filled_erp.settled()
    changed = {"description": {"value": "Anders"}, "startDate": {"value": "2024-01-01T00:00:00"}}
    for company in ("001", "002"):
        filled_erp.hands().erp(remote_id(filled_erp, "companies", company), "PUT", "/project/P2", changed)
    with filled_erp.uncaptured():
        filled_erp.sql("UPDATE accountview.projects SET description = 'Weer' WHERE code IN ('P/1', 'P1')")
    return filled_erp


def test_of_a_company_that_is_refused_nothing_is_known_and_the_others_are_compared(two_erps: World) -> None:
    """It has lost its licence in the ERP: it is named, and nothing of it is concluded or set back."""
    tenant = remote_id(two_erps, "companies", "002")
    two_erps.cloud.post("/sandbox/settings", json={"unlicensed": [tenant]}).raise_for_status()
    checked = verify(two_erps, "projects", repair=True)["projects"]
    assert (checked.result, checked.unread, checked.listed) == ("unknown", ("002",), 2)
    assert "company 002 has no licence" in (checked.why or "")
    assert [f.key for f in checked.findings] == [("001", "P/1"), ("001", "P2")]
    assert sorted(tuple(p[2]) for p in two_erps.pending()) == [("001", "P/1"), ("001", "P2")]
    (why,) = two_erps.sql("SELECT why FROM outbox.verified WHERE resource = 'projects'")
    assert why.startswith("of company 002: company 002 has no licence")
    two_erps.cloud.post("/sandbox/settings", json={"unlicensed": []}).raise_for_status()
    assert {f.key for f in verify(two_erps, "projects", repair=True)["projects"].findings} == {
        ("002", "P1"),
        ("002", "P2"),
    }
    two_erps.settled()


def test_a_company_that_loses_its_licence_between_the_two_looks_is_not_known(two_erps: World) -> None:
    """What the first look saw of it was not seen again."""
    tenant = remote_id(two_erps, "companies", "002")

    async def then_refused(resource: str, pages: Pages) -> Pages:
        async for page in pages:
            yield page
        two_erps.cloud.post("/sandbox/settings", json={"unlicensed": [tenant]}).raise_for_status()

    checked = verify(two_erps, "projects", repair=True, around=then_refused)["projects"]
    two_erps.cloud.post("/sandbox/settings", json={"unlicensed": []}).raise_for_status()
    assert (checked.result, checked.unread) == ("unknown", ("002",))
    assert {f.key[0] for f in checked.findings if f.key} == {"001"}


def test_a_company_whose_list_fails_makes_the_resource_unknown(two_erps: World) -> None:
    """Not refused, but broken: that may be all of the platform."""
    two_erps.fault("status", "GET", "/project$", times=None, status=500, after=1)
    checked = verify(two_erps, "projects", repair=True)["projects"]
    assert (checked.result, checked.unread, checked.findings) == ("unknown", (), ())
    assert two_erps.pending() == []


def test_a_list_that_keeps_changing_is_unknown(filled: World) -> None:
    """Between its pages somebody adds users, again and again; once it is quiet, it is read."""
    _many_users(filled, 150)

    async def run() -> list[Verified]:
        async with await connect(filled.dsn) as connection, reading(connection, filled.settings()) as listed:
            once, number = listed._get, iter(range(100))

            async def and_change(
                path: str,
                query: dict[str, int] | None = None,
                company: Company | None = None,
                largest_bytes: int | None = None,
            ) -> Answer | None:
                answer = await once(path, query, company, largest_bytes)
                filled.hands().user(f"new{next(number)}@example.nl")
                return answer

            listed._get = and_change  # type: ignore[method-assign]
            return await verifying.verify(connection, listed, ["users"])

    (checked,) = filled.run(run())
    assert checked.result == "unknown"
    assert "changed while it was read" in (checked.why or "")
    assert verify(filled, "users")["users"].result == "equal"


def test_a_row_without_a_whole_key_is_nothing(apart: World) -> None:
    """A null in it names nothing that a cloud could hold: not counted, not held by a brake, not missing."""
    apart.sql("CREATE OR REPLACE VIEW accountview_net.users AS SELECT CASE WHEN code < 'n' THEN code END AS user_code,"
              " first_name, last_name, email, language, 'NL'::text AS country_code, NULL::text[] AS missing,"
              " false AS withdrawn FROM accountview.users")  # fmt: skip
    for n in range(11):
        apart.user(f"null{n}")
    apart.user("ann")
    (seen,) = preview(apart.database, apart.target, ["users"])
    assert (seen.creates, seen.unchanged) == (1, 0)
    apart.register("users")
    apart.drain()
    assert apart.users() == ["ann@example.nl"]
    assert verify(apart, "users")["users"].result == "equal"


def test_a_view_that_is_broken_is_unknown(apart: World) -> None:
    """The rest is compared."""
    apart.user("ann")
    apart.drain()
    apart.sql("CREATE OR REPLACE VIEW accountview_net.users AS SELECT (1 / (length(code) - 3))::text AS user_code,"
              " first_name, last_name, email, language, 'NL'::text AS country_code, NULL::text[] AS missing,"
              " false AS withdrawn FROM accountview.users")  # fmt: skip
    checked = verify(apart)
    assert checked["users"].result == "unknown"
    assert "the view cannot be read" in (checked["users"].why or "")
    assert checked["companies"].result == "equal"


def test_a_wait_that_is_asked_for_is_waited_out(filled: World) -> None:
    """Retry-After, to the letter; then it goes on as if nothing had been."""
    filled.fault("retry_after", "GET", "/users$", times=1, retry_after=1)
    started = time.monotonic()
    assert found(filled, "users") == []
    assert time.monotonic() - started >= 1


def test_a_target_that_was_never_registered_is_unknown(filled: World) -> None:
    """There is nothing that it should hold yet."""
    filled.sql("UPDATE outbox.target SET active_since = NULL")
    before = filled.calls()
    checked = verify(filled, "users")["users"]
    assert (checked.result, filled.calls()) == ("unknown", before)


# -- large --------------------------------------------------------------------------------------------------------


def _many_users(world: World, number: int) -> None:
    """In the cloud and in the mirror, without sending each."""
    with world.uncaptured():
        world.sql("INSERT INTO accountview.users (code, first_name, last_name, email)"
                  " SELECT 'u' || n, 'Voor', 'Naam', 'u' || n || '@example.nl' FROM generate_series(1, %s) AS n",
                  number)  # fmt: skip
    by = world.hands()
    for code in world.sql("SELECT code FROM accountview.users WHERE code LIKE 'u%%'"):
        id_ = by.user(f"{code}@example.nl")
        world.sql("INSERT INTO outbox.mirror (target, resource, key, remote_id, document, confirmed_at)"
                  " SELECT %s, 'users', ARRAY[user_code], %s,"
                  " to_jsonb(v) - '{user_code,missing,withdrawn}'::text[], now() - interval '1 day'"
                  " FROM accountview_net.users AS v WHERE user_code = %s", world.target, id_, code)  # fmt: skip


@pytest.mark.soak
def test_ten_thousand_users_and_cost_centres_are_read_page_by_page(erp: World) -> None:
    """No page is large, nothing is kept but hashes of ids; one difference among them is found."""
    _large(erp, 10_000)
    checked = verify(erp, "users", "cost_centres")
    assert {r: (v.result, v.listed) for r, v in checked.items()} == {
        "users": ("equal", 10_000),
        "cost_centres": ("equal", 10_000),
    }
    assert len([c for c in erp.calls("GET") if c.endswith("/users")]) >= 100
    erp.hands().identity("PUT", f"/users/{remote_id(erp, 'users', 'u7777')}", {"last_name": "Anders"})
    _write(erp, erp.hands(), 2, "Update", "K0007777", description="Anders")
    assert sorted(found(erp, "users", "cost_centres", repair=True)) == [
        ("cost_centres", "different", ("001", "K0007777")),
        ("users", "different", ("u7777",)),
    ]
    erp.drain()
    assert found(erp, "users", "cost_centres") == []


def _large(world: World, number: int) -> None:
    """So many users, and cost centres of one company, delivered by the relay itself."""
    world.company("001")
    world.sql("INSERT INTO accountview.cost_centres SELECT 'A1', 'K' || lpad(n::text, 7, '0'),"
              " repeat('Een lange omschrijving ', 5) || n, true FROM generate_series(1, %s) AS n", number)  # fmt: skip
    world.sql("INSERT INTO accountview.users (code, first_name, last_name, email)"
              " SELECT 'u' || n, 'Voor', 'Naam', 'u' || n || '@example.nl' FROM generate_series(1, %s) AS n",
              number)  # fmt: skip
    with at_work(world.service()):
        eventually(lambda: not world.pending(), within_s=300)


# -- recorded, and after a restore -----------------------------------------------------------------------------------


def test_the_result_is_kept_for_status(filled: World) -> None:
    """One row for each resource, with counts and no personal data."""
    filled.hands().user("hand@example.nl")
    filled.fault("status", "GET", "/tenants$", times=None, status=500)
    verify(filled)
    rows = filled.sql("SELECT resource, result, listed, missing, different, unmanaged, why IS NOT NULL"
                      " FROM outbox.verified WHERE target = %s ORDER BY resource", filled.target)  # fmt: skip
    assert rows == [
        ("app_access", "equal", 1, 0, 0, 0, False),
        ("companies", "unknown", 0, 0, 0, 0, True),
        ("company_access", "equal", 1, 0, 0, 0, False),
        ("users", "equal", 3, 0, 0, 1, False),
    ]


def _restored(world: World) -> None:
    world.sql("UPDATE outbox.target SET verify_since = clock_timestamp() WHERE target = %s", world.target)


def _since(world: World) -> Any:
    return world.sql("SELECT verify_since FROM outbox.target WHERE target = %s", world.target)[0]


def test_what_is_looked_at_while_it_is_set_back_is_set_back(filled: World) -> None:
    """A message came when the difference was known already, and would end as unchanged."""
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})

    async def run() -> list[Verified]:
        async with await connect(filled.dsn) as connection, reading(connection, filled.settings()) as listed:
            asked = Questions.mark

            async def beside(self: Questions, resource: str, keys: Any) -> None:
                filled.message("users", "ann")
                await asked(self, resource, keys)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Questions, "mark", beside)
                return await verifying.verify(connection, listed, ["users"], repair=True)

    assert [v.result for v in filled.run(run())] == ["different"]
    filled.settled()


def test_after_a_restore_a_complete_verify_makes_the_mirror_count_again(filled: World) -> None:
    """What differs is in doubt then, also without --repair, and so never unchanged."""
    _restored(filled)
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    assert found(filled) == [("users", "different", ("ann",))]
    assert _since(filled) is None
    assert filled.mirror("users", "ann")["in_doubt"] is not None
    assert filled.mirror("users", "bob")["in_doubt"] is None
    assert filled.pending() == []
    filled.message("users", "ann")
    filled.settled()


def test_after_a_restore_what_is_not_set_back_is_in_doubt_too(filled: World) -> None:
    """A frozen row differs, and so it does when it is ready again."""
    filled.sql("UPDATE accountview.users SET first_name = NULL WHERE code = 'ann'")
    filled.drain()
    _restored(filled)
    DAMAGE["user renamed"][0](filled, filled.hands())
    assert found(filled) == [("users", "different", ("ann",))]
    assert _since(filled) is None
    filled.sql("UPDATE accountview.users SET first_name = 'Voor' WHERE code = 'ann'")
    filled.settled()


def test_after_a_restore_what_had_a_message_is_in_doubt(filled: World) -> None:
    """It was left out of the comparison, so what the mirror says of it proves nothing."""
    _restored(filled)
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    filled.message("users", "ann")
    assert found(filled) == []
    assert _since(filled) is None
    filled.settled()


def test_after_a_restore_what_had_a_message_while_it_was_compared_is_not_believed(filled: World) -> None:
    """Left out of the comparison, and nothing was sent for it: that its message is done by the end proves nothing."""
    _restored(filled)
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    filled.sql("UPDATE accountview.users SET first_name = ' ' WHERE code = 'ann'")

    async def settled_before_the_last(resource: str, pages: Pages) -> Pages:
        if resource == "app_access":
            await filled.service(once=True).run()
        async for page in pages:
            yield page

    verify(filled, around=settled_before_the_last)
    assert (_since(filled), filled.pending()) == (None, [])
    filled.sql("UPDATE accountview.users SET first_name = 'Voor' WHERE code = 'ann'")
    filled.settled()


def test_after_a_restore_an_account_that_passes_on_as_a_verify_ends_is_not_believed(filled: World) -> None:
    """What was left out is looked for under the old code, and the new one is not to be seen yet."""
    filled.sql("UPDATE accountview.users SET code = 'anna' WHERE code = 'ann'")
    _restored(filled)
    filled.hands().identity("PUT", f"/users/{remote_id(filled, 'users', 'ann')}", {"last_name": "Anders"})
    believe = "SELECT outbox.believe(target, verify_since) FROM outbox.target WHERE verify_since IS NOT NULL"
    with filled.stepping() as relay, psycopg.connect(filled.dsn, autocommit=True) as verifier:
        ending = threading.Thread(target=verifier.execute, args=(believe,))
        filled.run(relay.store.connection.execute("BEGIN"))
        filled.run(relay.store.hand_over(("ann",), ("anna",), 1))
        ending.start()
        waits = "SELECT pid FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        eventually(lambda: filled.sql(waits, verifier.info.backend_pid))
        filled.run(relay.store.connection.execute("COMMIT"))
        ending.join()
    filled.settled()


@pytest.mark.parametrize("part", [("users",), ()])
def test_after_a_restore_a_verify_of_a_part_is_not_enough(filled: World, part: tuple[str, ...]) -> None:
    """Neither some resources alone, nor all with one that is unknown."""
    _restored(filled)
    if not part:
        filled.fault("status", "GET", "/tenants$", times=None, status=500)
    verify(filled, *part)
    assert _since(filled) is not None


def test_a_second_restore_meanwhile_stands(filled: World) -> None:
    """What was compared with the list of before it is not known again."""
    _restored(filled)

    async def restored_again(resource: str, pages: Pages) -> Pages:
        _restored(filled)
        async for page in pages:
            yield page

    verify(filled, around=restored_again)
    assert _since(filled) is not None


# -- reading is held to what sending is held to


def test_its_reads_come_out_of_the_budget_of_all_relays(filled: World) -> None:
    """Another relay has taken all but two calls of this window: these are made, the rest waits for the next one."""
    filled.limit(40, 600)
    filled.user("cor")  # brings the limit to the database
    filled.drain()
    filled.sql(
        "UPDATE outbox.rate SET remaining = 2, resets_at = clock_timestamp() + interval '1 hour' WHERE capacity > 0"
    )
    before = len(filled.calls("GET"))
    checked = verify(filled)
    assert len(filled.calls("GET")) - before <= 2
    assert "used up" in (checked["company_access"].why or "")


def test_it_obeys_and_hands_on_a_retry_after(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that another relay was given, before the first call; and its own is known to all."""
    filled.sql("DELETE FROM outbox.rate")
    filled.sql("INSERT INTO outbox.rate (target, not_before) VALUES (%s, now() + interval '1 hour')", filled.target)
    before = filled.calls()
    assert {v.why for v in verify(filled).values()} == {"the target asked to wait"}
    assert filled.calls() == before
    filled.sql("DELETE FROM outbox.rate")
    filled.fault("retry_after", "GET", "/users", retry_after=3000)
    assert verify(filled, "users")["users"].result == "unknown"
    known = "SELECT extract(epoch FROM not_before - now()) BETWEEN 2900 AND 3000 FROM outbox.rate WHERE target = %s"
    assert filled.sql(known, filled.target) == [True]


def test_a_retry_after_of_one_company_is_handed_on_for_it_alone(filled_erp: World) -> None:
    filled_erp.sql("DELETE FROM outbox.rate")
    filled_erp.fault("retry_after", "GET", "/project$", retry_after=3000)
    assert verify(filled_erp, "projects")["projects"].result == "unknown"
    assert filled_erp.sql("SELECT company FROM outbox.rate WHERE not_before > now()") == ["001"]


def test_what_is_paused_or_down_is_not_asked(filled: World) -> None:
    """Nothing is called, and nothing concluded."""
    filled.sql("SELECT outbox.pause(%s, reason => 'being moved')", filled.target)
    before = filled.calls()
    assert {v.why for v in verify(filled).values()} == {"accountview_net is paused: being moved"}
    filled.sql("SELECT outbox.resume(%s)", filled.target)
    filled.sql("UPDATE outbox.target SET down_since = now(), down_why = '503', probe_at = now() WHERE target = %s",
               filled.target)  # fmt: skip
    assert {v.why for v in verify(filled).values()} == {"accountview_net is down: 503"}
    assert filled.calls() == before


def test_a_paused_company_is_not_asked_and_the_others_are_compared(two_erps: World) -> None:
    """As if it were refused; without a call."""
    two_erps.sql("SELECT outbox.pause('visma_net', 'projects', '002', 'no licence')")
    before = len(two_erps.calls("GET"))
    checked = verify(two_erps, "projects")["projects"]
    assert (checked.unread, checked.why) == (
        ("002",),
        "projects of company 002 of visma_net is paused: no licence",
    )
    assert [f.key for f in checked.findings] == [("001", "P/1"), ("001", "P2")]
    assert len(two_erps.calls("GET")) == before + 4  # two pages of the one company, and again since something differs


def test_a_paused_part_leaves_the_rest_to_be_compared(filled_erp: World) -> None:
    """Of what has a paused company in its keys not all is known."""
    filled_erp.sql("SELECT outbox.pause('visma_net', 'projects', '001', 'no licence')")
    checked = verify(filled_erp)
    assert checked["projects"].why == "projects of company 001 of visma_net is paused: no licence"
    assert (checked["projects"].listed, checked["projects"].findings) == (0, ())
    assert {r: v.result for r, v in checked.items() if r != "projects"} == dict.fromkeys(
        set(checked) - {"projects"}, "equal"
    )
