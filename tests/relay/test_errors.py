"""What the cloud, or a view, answers with, and that it holds up nothing but itself."""

from __future__ import annotations

import time

import psycopg
import pytest

from outbox.relay.gate import Gate
from tests.lane import World, at_work, eventually


def test_a_retry_after_is_obeyed_by_the_whole_target(world: World) -> None:
    """No call of anybody before; and it uses up no attempt."""
    for code in ("ann", "bob", "cor"):
        world.user(code)
    world.fault("retry_after", path="/identity/", retry_after=1)
    world.once(concurrency=1)
    world.settled()
    told, then, *_ = world.called_at()
    assert then - told >= 1.0
    attempts = "SELECT max(attempts) FROM outbox.message WHERE resource = 'users' AND outcome = 'created'"
    assert world.sql(attempts) == [1]


def test_a_transient_error_is_tried_again_and_counted(world: World) -> None:
    """503 says that nothing was done; the attempts are in the message, the calls in outbox.attempt."""
    world.user("ann")
    world.fault("status", "POST", "/users$", times=2, status=503, body="busy")
    world.settled()
    assert world.sql("SELECT attempts FROM outbox.message WHERE outcome = 'created'") == [3]
    statuses = "SELECT http_status FROM outbox.attempt WHERE method = 'POST' ORDER BY id"
    assert world.sql(statuses) == [503, 503, 201]


def test_of_changes_that_go_out_together_the_newest_counts_the_attempts(world: World) -> None:
    """Each of them is written once, when it is settled; what was told to wait is waited for by all."""
    world.user("ann")
    for n in range(3):
        world.sql("UPDATE accountview.users SET last_name = %s", str(n))
    world.fault("status", "POST", "/users$", times=2, status=503, body="busy")
    world.settled()
    query = "SELECT attempts, outcome FROM outbox.message WHERE resource = 'users' AND target = %s ORDER BY id"
    assert world.sql(query, world.target) == [(0, "created"), (0, "created"), (0, "created"), (3, "created")]


def test_a_fault_before_a_call_leaves_nothing_in_flight(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps the gate from answering: the key is looked at again, as after a fault in a call."""
    world.user("ann")
    with world.stepping() as relay, monkeypatch.context() as patch:
        patch.setattr(Gate, "delivery", lambda self, company: 1 / 0)
        relay.turn()
        assert relay.lane.in_flight == {}
    world.settled()


def test_what_stays_transient_is_dead_with_the_targets_words(world: World) -> None:
    """Out of attempts: a person is needed, and nothing hammers the cloud."""
    world.user("ann")
    world.fault("status", "POST", "/users$", times=None, status=503, body={"message": "busy for ever"})
    world.drain()
    outcome, error = world.last("users", "ann")
    assert outcome == "dead"
    assert "busy for ever" in (error or "")
    assert len(world.calls("POST")) == 4


def test_a_refused_key_does_not_hold_up_the_others(world: World) -> None:
    """Dead at once, with one call, and the words of the target."""
    world.user("ann", "ann@mailinator.com")
    world.user("bob")
    world.drain()
    assert world.last("users", "bob")[0] == "created"
    assert len(world.calls("POST")) == 2
    assert world.sql("SELECT http_status FROM outbox.message WHERE status = 'dead'") == [422]


def test_a_server_error_that_stays_is_dead_and_blocks_nobody(erp: World) -> None:
    """Some refusals of the ERP come as 500."""
    erp.company("001")
    erp.sql(
        "INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01'), ('A1', 'P2', 'Vloer', '2026-01-01')"
    )
    erp.drain()
    erp.fault("status", "PUT", "/project/P1", times=None, status=500, body={"message": "a locked period"})
    erp.sql("UPDATE accountview.projects SET description = 'Nieuw'")
    erp.drain()
    outcome, error = erp.last("projects", "001", "P1")
    assert (outcome, "a locked period" in (error or "")) == ("dead", True)
    assert erp.last("projects", "001", "P2")[0] == "updated"
    erp.heal()
    erp.sql("UPDATE accountview.projects SET description = 'Weer'")
    erp.settled()


@pytest.mark.parametrize("words", ["\u0000", "a\u0000b\u001b[31m", "\U0001f600" * 3000, "x" * 100_000])
def test_no_words_of_the_target_can_stop_the_relay(world: World, words: str) -> None:
    """Cut, cleaned, and kept with the message."""
    world.user("ann")
    world.fault(
        "status", "POST", "/users$", status=422, body={"error_code": "ERROR_INVALID_EMAIL", "error_description": words}
    )
    world.drain()
    outcome, error = world.last("users", "ann")
    assert outcome == "dead"
    assert len(error or "") < 3000


@pytest.mark.parametrize("retry_after", [-5, 10**7, 10**18])
def test_no_retry_after_can_stop_the_relay(world: World, retry_after: int) -> None:
    """However absurd: the others of the target wait, and the relay lives."""
    world.user("ann")
    world.fault("status", path="/identity/", status=429, headers={"Retry-After": str(retry_after)})
    world.once()
    assert world.ended("users", "ann")[0] in ("pending", "created")


def test_who_says_to_come_again_at_once_is_not_asked_without_end(world: World) -> None:
    """Retry-After: 0 with every answer: the attempts count and grow apart, as without it."""
    world.user("ann")
    world.fault("retry_after", "POST", "/users$", times=None, status=503, retry_after=0)
    world.drain()
    assert world.last("users", "ann")[0] == "dead"
    assert world.sql("SELECT count(*) FROM outbox.message WHERE operation = 'EXPAND' AND key IS NULL") == [0]


def test_a_wrong_secret_pauses_the_target_and_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is dead, nothing more is sent; with the right secret and `resume` all goes. The log has the pause."""
    world.user("ann")
    world.cloud.post("/sandbox/settings", json={"client_secret": "another"})
    world.once()
    (why,) = world.sql("SELECT why FROM outbox.target WHERE paused_at IS NOT NULL")
    assert "client_secret" in why
    assert world.ended("users", "ann") == ["pending"]
    assert world.calls() == []
    assert [r.getMessage() for r in caplog.records if r.name == "outbox.relay"] == ["paused"]
    world.cloud.post("/sandbox/settings", json={"client_secret": "sandbox-secret"})
    world.sql("UPDATE outbox.target SET paused_at = NULL, why = NULL")
    world.settled()


def test_a_client_that_may_not_add_companies_still_sends_users(world: World) -> None:
    """One resource is forbidden, not the target."""
    world.user("ann")
    world.company("001")
    world.fault(
        "status", "POST", "/tenants$", times=None, status=403, body={"error_code": "ERROR_THIRD_PARTY_APPLICATION"}
    )
    world.once()
    world.once()
    assert world.last("users", "ann")[0] == "created"
    assert "may not add companies" in (world.last("companies", "001")[1] or "")
    assert world.sql("SELECT target FROM outbox.target WHERE paused_at IS NOT NULL") == []
    world.heal()
    assert world.sql("SELECT outbox.resume('accountview_net', 'companies')") == [True]
    world.settled()


def test_what_is_put_off_at_the_moment_of_a_resume_goes_out(world: World) -> None:
    """The relay knows of a pause for up to a second longer. What it put off meanwhile is due as soon as it knows,
    whatever its words are; so is what waited for a free slot then.
    """
    pause = "INSERT INTO outbox.pause (target, resource, why) VALUES ('accountview_net', 'companies', 'x')"
    resume = "SELECT outbox.resume('accountview_net', 'companies')"
    with world.stepping(concurrency=1) as relay:
        look = relay.lane.outlook._read
        world.company("001")
        world.company("002")
        relay.begin()
        world.sql(pause)
        world.run(look())
        relay.land()
        world.sql(resume)
        world.run(look())
        relay.settle()
        relay.round()
        assert (world.ended("companies", "001"), world.ended("companies", "002")) == (["created"], ["created"])
        world.sql(pause)
        world.run(look())
        world.company("003")
        world.sql(resume)
        relay.round()
        assert world.last("companies", "003") == ("pending", "paused: companies (x)")
        world.sql("UPDATE outbox.message SET error = 'by another version' WHERE error LIKE 'paused%'")
        world.run(look())
        relay.round()
        assert world.ended("companies", "003") == ["created"]


@pytest.mark.parametrize("same", [False, True])
def test_what_a_relay_put_off_that_died_before_it_knew_of_a_resume_goes_out(world: World, same: bool) -> None:
    """Whoever has the lane next, or the same one on its next connection, does not wait as long as for a pause."""
    world.company("001")
    with world.stepping() as relay:
        world.sql("SELECT outbox.pause('accountview_net', 'companies', reason => 'x')")
        world.run(relay.lane.outlook.look())
        world.sql("SELECT outbox.resume('accountview_net', 'companies')")
        relay.round()
        assert world.last("companies", "001") == ("pending", "paused: companies (x)")
        if same:
            relay.lane = world.make_lane(relay.store)
            relay.round()
    if not same:
        with world.stepping() as relay:
            relay.round()
    assert world.ended("companies", "001") == ["created"]


def test_what_a_resume_is_about_may_be_locked(world: World) -> None:
    """By a relay that puts it off: who resumes waits for none of it, else each could wait for the other. Nor does a
    relay that begins then, as where somebody has resumed another part, and has not committed yet.
    """
    world.company("001")
    world.company("002")
    put_off = "UPDATE outbox.message SET due_at = now() + interval '1 minute'"
    world.sql(f"{put_off}; SELECT outbox.pause('accountview_net', 'companies', reason => 'x')")
    world.user("ann")
    with psycopg.connect(world.dsn) as other, world.stepping() as relay:
        other.execute("SELECT FROM outbox.message WHERE key = '{001}' FOR UPDATE")
        with world.database.transaction():
            world.sql("SET LOCAL lock_timeout = '10s'")
            world.sql("SELECT outbox.resume('accountview_net', 'companies')")
        relay.round()
        assert [world.ended("companies", code) for code in ("001", "002")] == [["pending"], ["created"]]
    assert world.ended("users", "ann") == ["created"]


def test_due_is_what_a_resume_of_the_last_hour_was_about_and_nothing_else(world: World) -> None:
    """What waits for another reason keeps its time."""
    world.company("001")
    decide = (
        "DELETE FROM outbox.decision; INSERT INTO outbox.decision (decision, target, resource, key, decided_at)"
        " SELECT *, now() - interval '%s minutes' FROM (VALUES (%s)) AS v"
    )
    with world.stepping() as relay:
        for decision, minutes, due in (
            ("'resume', 'accountview_net', 'companies', NULL::text[]", 50, True),
            ("'resume', 'accountview_net', NULL, '{001}'::text[]", 0, True),
            ("'resume', 'accountview_net', 'companies', '{001}'::text[]", 0, True),
            ("'resume', 'accountview_net', 'companies', NULL::text[]", 70, False),
            ("'resume', 'accountview_net', 'users', '{001}'::text[]", 0, False),
            ("'resume', 'accountview_net', 'companies', '{002}'::text[]", 0, False),
            ("'resume', 'accountview_net', NULL, NULL::text[]", 0, False),
            ("'resume', 'visma_net', 'companies', NULL::text[]", 0, False),
            ("'pause', 'accountview_net', 'companies', NULL::text[]", 0, False),
        ):
            world.sql(decide % (minutes, decision))
            world.sql("UPDATE outbox.message SET due_at = now() + interval '5 minutes'")
            world.run(relay.store.run("release_paused"))
            of_it = "target = 'accountview_net' AND resource = 'companies'"
            assert world.sql(f"SELECT due_at < now() FROM outbox.message WHERE {of_it}") == [due], (decision, minutes)


LINK = "UPDATE outbox.mirror SET remote_id = %s WHERE (resource, key) = ('companies', '{001}')"
CUSTOMER = "7d3c0a1e-0000-4c0e-9f4b-0d3f6b1f2a55"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("licence", "no licence"),  # 12027
        ("tenant", "tenant id of the company itself, not of the customer"),  # it gets a token, and each call a 401
    ],
)
def test_a_company_that_is_refused_holds_up_only_itself(erp: World, wrong: str, told: str) -> None:
    """The projects of the other go on."""
    erp.company("001")
    erp.company("002", "A2")
    erp.drain()
    own = (erp.mirror("companies", "001") or {})["remote_id"]
    if wrong == "licence":
        erp.cloud.post("/sandbox/settings", json={"unlicensed": [own]})
    else:
        erp.sql(LINK, CUSTOMER)
    erp.sql(
        "INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01'), ('A2', 'P1', 'Dak', '2026-01-01')"
    )
    erp.once()
    assert erp.last("projects", "002", "P1")[0] == "created"
    status, why = erp.last("projects", "001", "P1")
    assert (status, told in (why or "")) == ("pending", True)
    assert erp.sql("SELECT target FROM outbox.target WHERE paused_at IS NOT NULL") == []
    erp.cloud.post("/sandbox/settings", json={"unlicensed": []})
    erp.sql(LINK, own)
    assert erp.sql("SELECT outbox.resume('visma_net', company => '001')") == [True]
    erp.settled()


def test_a_refusal_for_a_company_that_is_made_anew_meanwhile_pauses_nothing(erp: World) -> None:
    """The call left with the token of a tenant that is gone; the company has another by the time it is answered."""
    erp.company("001")
    erp.drain()
    own = (erp.mirror("companies", "001") or {})["remote_id"]
    erp.sql(LINK, CUSTOMER)
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    with erp.stepping() as relay:
        relay.begin()
        relay.land()
        erp.sql(LINK, own)
        relay.settle()
    assert erp.sql("SELECT company FROM outbox.pause") == []
    erp.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    erp.settled()


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_that_forbids_pauses_the_target_and_says_so(world: World, status: int) -> None:
    """401 also with a new token, or 403: nobody's message is dead, and nothing more is sent."""
    world.user("ann")
    world.user("bob")
    world.fault("status", "GET", "/users$", times=None, status=status, body={"error_code": "ERROR_FORBIDDEN"})
    world.once()
    (why,) = world.sql("SELECT why FROM outbox.target WHERE paused_at IS NOT NULL")
    assert f"was answered {status}" in why
    assert {*world.ended("users", "ann"), *world.ended("users", "bob")} == {"pending"}
    world.heal()
    world.sql("UPDATE outbox.target SET paused_at = NULL, why = NULL")
    world.settled()


def test_one_bad_value_does_not_hold_up_the_others_of_its_call(erp: World) -> None:
    """Values of one company go out together; each has an outcome of its own."""
    erp.company("001")
    erp.sql("INSERT INTO accountview.cost_types SELECT 'A1', n::text, 'Soort ' || n FROM generate_series(1, 20) AS n")
    erp.sql("INSERT INTO accountview.cost_types VALUES ('A1', %s, 'te lang')", "x" * 40)
    erp.drain()
    assert erp.last("cost_types", "001", "x" * 40)[0] == "dead"
    assert {erp.last("cost_types", "001", str(n))[0] for n in range(1, 21)} == {"created"}


@pytest.mark.parametrize("broken", ["RETURN 1 / 0 = 1", "RAISE 'division by zero' USING ERRCODE = 'internal_error'"])
def test_a_broken_view_holds_up_its_own_resource_alone(apart: World, broken: str) -> None:
    """It fails: its messages wait and say so, the rest goes on; mended, they follow."""
    apart.sql(f"CREATE FUNCTION broken() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN {broken}; END $$")
    whole = apart.sql("SELECT pg_get_viewdef('accountview_net.users'::regclass)")[0].rstrip(";")
    apart.sql(f"CREATE OR REPLACE VIEW accountview_net.users AS SELECT * FROM ({whole}) AS v WHERE broken()")
    apart.user("ann")
    apart.company("001")
    apart.once()
    assert apart.last("companies", "001")[0] == "created"
    assert apart.last("users", "ann") == ("pending", "the view accountview_net.users cannot be read: division by zero")
    apart.sql(f"CREATE OR REPLACE VIEW accountview_net.users AS {whole}")
    apart.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    apart.settled()


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE accountview.companies ADD COLUMN note text",
        "ALTER VIEW accountview_net.companies SET (security_barrier = true)",
    ],
    ids=["source table", "view"],
)
def test_a_table_or_view_that_is_being_altered_holds_up_its_own_resource_alone(world: World, ddl: str) -> None:
    """A lock that is held for long: the rest goes on, and with the lock's end what waited for it."""
    world.company("001")
    world.user("ann")
    with psycopg.connect(world.dsn) as dba, at_work(world.service()):
        dba.execute(ddl.encode())
        eventually(lambda: world.last("users", "ann")[0] == "created")
        waits = ("pending", "the view accountview_net.companies cannot be read: a table that it reads is locked")
        eventually(lambda: world.last("companies", "001") == waits)
        dba.rollback()
        world.user("bob")
        eventually(lambda: world.last("users", "bob")[0] == "created")
        world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
        world.user("cor")
        eventually(lambda: world.last("companies", "001")[0] == "created")
        eventually(lambda: world.last("users", "cor")[0] == "created")
    assert world.differences() == []


def test_a_row_that_its_view_cannot_compute_holds_up_only_itself(apart: World) -> None:
    """An error in one row of the view is no reason to leave the others unsent."""
    whole = apart.sql("SELECT pg_get_viewdef('accountview_net.users'::regclass)")[0].rstrip(";")
    apart.sql("CREATE OR REPLACE VIEW accountview_net.users AS SELECT user_code, first_name,"
              f" CASE WHEN last_name = '0' THEN (1 / last_name::int)::text ELSE last_name END AS last_name, email,"
              f" language, country_code, missing, withdrawn FROM ({whole}) AS v")  # fmt: skip
    for code, last in (("ann", "Aa"), ("bob", "0"), ("cor", "Cc")):
        apart.user(code, last=last)
    apart.once()
    assert [apart.last("users", c)[0] for c in ("ann", "bob", "cor")] == ["created", "pending", "created"]
    assert "division by zero" in (apart.last("users", "bob")[1] or "")


def test_a_view_that_breaks_during_a_call_does_not_end_the_relay(apart: World) -> None:
    """What came back is recorded, though the view that says who waits for the e-mail cannot be read just now."""
    apart.user("ann")
    apart.drain()
    whole = apart.sql("SELECT pg_get_viewdef('accountview_net.users'::regclass)")[0].rstrip(";")
    apart.sql("CREATE FUNCTION broken() RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 1'")
    apart.sql("UPDATE accountview.users SET email = 'new@example.nl'")
    with apart.stepping() as relay:
        relay.begin()
        apart.sql(f"CREATE OR REPLACE VIEW accountview_net.users AS SELECT * FROM ({whole}) AS v WHERE broken()")
        relay.land()
        relay.settle()
        assert apart.last("users", "ann")[0] == "updated"
        relay.begin()
    apart.sql(f"CREATE OR REPLACE VIEW accountview_net.users AS {whole}")
    apart.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    apart.settled()


def test_a_key_that_was_settled_meanwhile_meets_a_broken_view(apart: World) -> None:
    """Keys in hand of which no message is pending, and their view cannot be read, then is gone: nothing to put off."""
    apart.user("ann")
    apart.user("bob")
    apart.drain()
    with apart.stepping() as relay:
        apart.sql("ALTER VIEW accountview_net.users RENAME TO hidden")
        for code in ("ann", "bob"):
            relay.lane.waiting["users", (code,)] = None
            relay.begin()


def test_a_view_that_is_made_again_is_found_by_a_relay_at_work(apart: World) -> None:
    """DROP and CREATE, as a DBA does: what was written between them is not dead for ever."""
    whole = apart.sql("SELECT pg_get_viewdef('accountview_net.companies'::regclass)")[0].rstrip(";")
    apart.sql("DROP VIEW accountview_net.companies")
    with apart.stepping() as relay:
        apart.sql(f"CREATE VIEW accountview_net.companies AS {whole}")
        apart.company("001")
        relay.round()
    assert apart.last("companies", "001")[0] == "created"


def test_messages_of_a_resource_without_a_view_end_dead(apart: World) -> None:
    """Also when they fill whole pages of a claim: `relay --once` comes to its end."""
    apart.sql("DROP VIEW accountview_net.app_access")
    apart.sql("INSERT INTO outbox.message (target, resource, key, operation)"
              " SELECT 'accountview_net', 'app_access', ARRAY[n::text, 'c', 'a'], 'UPDATE'"
              " FROM generate_series(1, 2500) AS n")  # fmt: skip
    apart.drain()
    assert apart.sql("SELECT DISTINCT status FROM outbox.message WHERE target = 'accountview_net'") == ["dead"]


@pytest.mark.parametrize("apart_s", [-3600.0, 3600.0])
def test_when_a_call_was_made_is_told_by_the_clock_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch, apart_s: float
) -> None:
    """A relay whose own clock is an hour wrong must not tell an auditor of a call before its change, or one to come."""
    told = time.time
    monkeypatch.setattr(time, "time", lambda: told() + apart_s)
    world.user("ann")
    world.settled()
    between = """SELECT bool_and(a.started_at BETWEEN m.changed_at AND clock_timestamp())
                 FROM outbox.attempt AS a JOIN outbox.message AS m ON m.id = a.message_id"""
    assert world.sql(between) == [True]
