"""What is done about a key, line by line: view, mirror, doubt. And what becomes of its messages."""

from __future__ import annotations

import psycopg
import pytest

from tests.lane import World


def test_a_row_that_the_cloud_lacks_is_created(world: World) -> None:
    """View: row, ready. Mirror: none."""
    world.user("ann")
    world.settled()
    assert world.ended("users", "ann") == ["created"]
    assert world.users() == world.invited() == ["ann@example.nl"]


def test_another_document_is_an_update_of_the_same_object(world: World) -> None:
    """View: row, ready. Mirror: other document. No search and no second invitation."""
    world.user("ann")
    world.drain()
    before = list(world.holds()["users"])
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw', email = 'new@example.nl'")
    world.settled()
    assert world.ended("users", "ann") == ["created", "updated"]
    assert list(world.holds()["users"]) == before
    assert len(world.invited()) == 1


def test_the_same_document_costs_no_call(world: World) -> None:
    """View: row, ready. Mirror: same document, certain."""
    world.user("ann")
    world.drain()
    calls = world.calls()
    world.message("users", "ann")
    world.settled()
    assert world.last("users", "ann") == ("unchanged", None)
    assert world.calls() == calls


def test_a_row_that_is_gone_is_removed(world: World) -> None:
    """View: no row. Mirror: row."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.settled()
    assert world.ended("users", "ann") == ["created", "removed"]
    assert (world.users(), world.mirror("users", "ann")) == ([], None)


def test_a_create_and_a_delete_cancel_out(world: World) -> None:
    """View: no row. Mirror: none."""
    world.user("ann")
    world.sql("DELETE FROM accountview.users")
    world.settled()
    assert world.ended("users", "ann") == ["unchanged", "unchanged"]
    assert world.calls() == []


def test_a_row_that_lacks_something_is_not_sent_and_says_what(world: World) -> None:
    """View: row, not ready. Non-breaking spaces fill nothing; what is filled in later brings it."""
    world.user("ann", first="", last="\u00a0")
    world.settled()
    assert world.last("users", "ann") == ("not_ready", "missing: first_name, last_name")
    assert world.calls() == []
    world.sql("UPDATE accountview.users SET first_name = 'Ann', last_name = 'Aa'")
    world.settled()
    assert world.last("users", "ann")[0] == "created"


def test_what_lacks_something_now_stays_as_it_is(world: World) -> None:
    """Frozen: nothing about it is sent, and nothing is removed; filled again, it follows."""
    world.user("ann", last="Oud")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = NULL, language = 'en'")
    world.settled()
    assert world.last("users", "ann")[0] == "not_ready"
    assert next(iter(world.holds()["users"].values()))["last_name"] == "Oud"
    world.sql("UPDATE accountview.users SET last_name = 'Weer'")
    world.settled()


@pytest.mark.parametrize("decide", ["register", "approve"])
def test_a_cleared_email_is_held_until_users_are_registered(world: World, decide: str) -> None:
    """AV-419715 1.4: the account is frozen, and goes when a person registers the users, or approves of it."""
    world.user("ann")
    world.user("bob")
    world.drain()
    world.sql("UPDATE accountview.users SET email = NULL WHERE code = 'ann'")
    world.drain()
    assert world.last("users", "ann") == ("held", "register to remove")
    assert world.users() == ["ann@example.nl", "bob@example.nl"]
    world.sql(f"SELECT outbox.{decide}(%s, 'users')", world.target)
    world.settled()
    assert world.users() == ["bob@example.nl"]
    assert world.ended("users", "ann") == ["created", "superseded", "removed"]


def test_a_withdrawn_row_whose_email_is_back_goes_on(world: World) -> None:
    """Nobody registered: nothing was removed, nobody is invited again."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET email = NULL")
    world.drain()
    world.sql("UPDATE accountview.users SET email = 'ann@example.nl'")
    world.settled()
    assert world.ended("users", "ann") == ["created", "superseded", "unchanged"]
    assert world.invited() == ["ann@example.nl"]


def test_a_withdrawn_row_that_is_not_in_the_cloud_is_left_alone(apart: World) -> None:
    """Also where the view calls it withdrawn and lacking nothing: a removed user must not be invited again."""
    apart.sql("CREATE OR REPLACE VIEW accountview_net.users AS SELECT code AS user_code, first_name, last_name, email,"
              " 'nl'::text AS language, 'NL'::text AS country_code, '{}'::text[] AS missing,"
              " all_administrations AS withdrawn FROM accountview.users")  # fmt: skip
    apart.user("ann")
    apart.drain()
    apart.sql("UPDATE accountview.users SET all_administrations = true")
    apart.message("users", "ann")
    apart.drain()
    assert apart.last("users", "ann") == ("held", "register to remove")
    apart.register("users", "ann")
    apart.drain()
    apart.message("users", "ann")
    apart.drain()
    assert (apart.users(), apart.last("users", "ann")[0]) == ([], "not_ready")
    assert len(apart.invited()) == 1


def test_a_hundred_messages_of_one_key_are_one_call(world: World) -> None:
    """Coalescing: each has the outcome, the newest alone has the document."""
    world.user("ann")
    world.drain()
    for n in range(100):
        world.sql("UPDATE accountview.users SET last_name = %s", f"Naam {n}")
    calls = len(world.calls())
    world.settled()
    assert len(world.calls()) == calls + 1
    assert world.ended("users", "ann")[1:] == ["updated"] * 100
    documents = world.sql("SELECT document ->> 'last_name' FROM outbox.message WHERE target = 'accountview_net'"
                          " AND resource = 'users' AND outcome = 'updated' ORDER BY id")  # fmt: skip
    assert documents == [None] * 99 + ["Naam 99"]


def test_a_change_during_the_call_is_sent_after_it(world: World) -> None:
    """The message that came meanwhile is not settled with the call that did not carry it."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        world.sql("UPDATE accountview.users SET last_name = 'Later'")
        relay.begin()
        relay.land()
        assert world.ended("users", "ann") == ["pending", "pending"]
        relay.settle()
        assert world.ended("users", "ann") == ["created", "pending"]
        relay.round()
    assert world.ended("users", "ann") == ["created", "updated"]
    assert world.differences() == []


def test_a_row_that_came_back_during_its_removal_is_made_again(world: World) -> None:
    """The removal that is on its way is not called back; what comes after it is a create."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    with world.stepping() as relay:
        relay.begin()
        world.user("ann")
        relay.round()
        relay.round()
    world.settled()
    assert world.ended("users", "ann") == ["created", "removed", "created"]


def test_a_dead_message_is_superseded_by_a_later_success(world: World) -> None:
    """Refused with the target's words; a later change tries again and settles the older one."""
    world.user("ann", "ann@mailinator.com")
    world.drain()
    outcome, error = world.last("users", "ann")
    assert outcome == "dead"
    assert "ERROR_DOMAIN_DISPOSABLE" in (error or "")
    assert world.mirror("users", "ann") is None
    world.sql("UPDATE accountview.users SET email = 'ann@example.nl'")
    world.settled()
    assert world.ended("users", "ann") == ["superseded", "created"]


def test_a_message_that_a_person_skipped_stays_skipped(world: World) -> None:
    """What was settled while the call was under way is not settled again."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        world.sql("UPDATE outbox.message SET status = 'done', outcome = 'skipped', settled_at = now()"
                  " WHERE target = 'accountview_net'")  # fmt: skip
        relay.land()
        relay.settle()
    assert world.ended("users", "ann") == ["skipped"]
    assert world.mirror("users", "ann") is not None


def test_a_key_that_the_view_has_twice_is_held_until_it_is_unique(apart: World) -> None:
    """Which of the two is meant cannot be told; the other keys go on."""
    apart.sql("CREATE TABLE twin (code text)")
    apart.sql("CREATE OR REPLACE VIEW accountview_net.companies AS SELECT c.code AS company_code, c.name, c.kvk_number,"
              " NULL::text AS street, NULL::text AS postal_code, NULL::text AS city, 'NL'::text AS country_code,"
              " NULL::text[] AS missing FROM accountview.companies AS c LEFT JOIN twin USING (code)")  # fmt: skip
    apart.sql("INSERT INTO twin VALUES ('001'), ('001')")
    apart.company("001")
    apart.company("002")
    apart.drain()
    outcome, error = apart.last("companies", "001")
    assert outcome == "held"
    assert "2 times" in (error or "")
    assert apart.last("companies", "002")[0] == "created"
    apart.sql("TRUNCATE twin")
    apart.message("companies", "001")
    apart.settled()
    assert apart.ended("companies", "001")[-2:] == ["superseded", "created"]


def test_every_call_leaves_an_attempt_and_every_message_its_outcome(world: World) -> None:
    """The auditor finds by message id what left the building, and when."""
    world.user("ann")
    world.settled()
    made = world.sql("SELECT a.method, a.path, a.http_status, m.outcome FROM outbox.attempt AS a"
                     " JOIN outbox.message AS m ON m.id = a.message_id ORDER BY a.id")  # fmt: skip
    assert [(method, status, outcome) for method, _, status, outcome in made] == [
        ("GET", 200, "created"), ("POST", 201, "created"),
    ]  # fmt: skip
    assert "@" not in "".join(path for _, path, _, _ in made)


def test_a_message_that_commits_after_a_newer_one_died_still_counts(world: World) -> None:
    """Ids are given when a row is written, not when it is committed."""
    world.user("ann", "ann@mailinator.com")
    with psycopg.connect(world.dsn) as slow:
        slow.execute("SELECT outbox.register('accountview_net', 'users', '{ann}')")
        world.message("users", "ann")
        world.drain()
        assert world.last("users", "ann")[0] == "dead"
        with world.uncaptured():
            world.sql("UPDATE accountview.users SET email = 'ann@example.nl'")
    world.settled(concurrent=True)
    assert world.ended("users", "ann") == ["superseded", "created", "superseded"]


def test_a_dead_key_is_not_tried_again_by_itself(world: World) -> None:
    """Also when the relay had it in hand a second time while the last call was under way."""
    world.user("ann", "ann@mailinator.com")
    with world.stepping() as relay:
        relay.begin()
        relay.lane.waiting["users", ("ann",)] = None
        relay.round()
    assert world.last("users", "ann")[0] == "dead"
    assert len(world.calls("POST")) == 1
