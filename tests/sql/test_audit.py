"""The ready-made questions: each runs in psycopg and in psql, only reads, and answers what one would count by hand."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from outbox import sqlfiles
from tests.conftest import Server, fill_reference

Row = dict[str, Any]
QUESTIONS = sorted(file.stem for file in sqlfiles.path("audit").glob("*.sql"))
GIVEN = {
    "target": "visma_net",
    "resource": "projects",
    "key": "{001,P0500}",
    "user": "BAKKER",
    "company": "001",
    "group": "KANTOOR",
}
FILLED = Path(__file__).with_name("filled_outbox.sql").read_text()

each_question = pytest.mark.parametrize("question", QUESTIONS)


def parameters(question: str) -> list[str]:
    return sorted(set(re.findall(r":'(\w+)'", sqlfiles.read(f"audit/{question}.sql"))))


def ask(dsn: str, question: str, **given: str) -> list[Row]:
    """The answer, asked as sql/README.md tells a program to: in a transaction that may not write."""
    text = sqlfiles.read(f"audit/{question}.sql").replace("%", "%%")
    bound = re.sub(r":'(\w+)'", r"%(\1)s", text)
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.read_only = True
        return connection.execute(bound, {**GIVEN, **given}).fetchall()


@pytest.fixture(scope="module")
def reference(server: Server) -> str:
    return server.template("reference", fill_reference)


@pytest.fixture(scope="module")
def empty(server: Server, reference: str) -> Iterator[str]:
    """An outbox in which nothing has happened yet."""
    yield server.create("test_audit_empty", reference)
    server.drop("test_audit_empty")


@pytest.fixture(scope="module")
def filled(server: Server, reference: str) -> Iterator[str]:
    """An outbox after a day's work: filled_outbox.sql."""
    dsn = server.create("test_audit_filled", reference)
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute(FILLED)
    yield dsn
    server.drop("test_audit_filled")


class TestEveryQuestion:
    def test_they_are_these(self) -> None:
        """A question that is added or dropped is added or dropped here too."""
        assert set(QUESTIONS) == {
            "backlog", "oldest_pending", "held", "dead", "not_ready", "failures_by_reason",
            "history_of_key", "who_changed_what", "who_changed_this", "sent_about_person",
            "invitations", "removals", "last_register",
            "time_to_visible", "calls_per_1000_changes",
            "access_of_user", "users_of_company", "accessible_apps", "apps_of_user", "apps_of_group",
        }  # fmt: skip

    @each_question
    def test_the_first_line_is_the_question(self, question: str) -> None:
        first = sqlfiles.read(f"audit/{question}.sql").splitlines()[0]
        assert re.fullmatch(r"-- [A-Z].*\?", first)

    @each_question
    def test_each_parameter_is_explained(self, question: str) -> None:
        """Exactly those that are used: `-- name  what it is`."""
        explained = re.findall(r"^-- (\w+)  +\S", sqlfiles.read(f"audit/{question}.sql"), re.MULTILINE)
        assert sorted(explained) == parameters(question)

    @each_question
    def test_it_answers_on_an_empty_outbox(self, empty: str, question: str) -> None:
        about_the_source = {"access_of_user", "users_of_company", "accessible_apps", "apps_of_user", "apps_of_group"}
        assert bool(ask(empty, question)) == (question in about_the_source)

    @each_question
    def test_it_answers_on_a_filled_outbox(self, filled: str, question: str) -> None:
        assert ask(filled, question)

    @each_question
    def test_it_runs_in_psql(self, server: Server, filled: str, question: str) -> None:
        """With -v for each parameter and no other preparation; as many rows as in psycopg."""
        given = [f"--set={name}={GIVEN[name]}" for name in parameters(question)]
        command = [psql(server), "-XAtq", "-v", "ON_ERROR_STOP=1", *given, "-P", "recordsep_zero"]
        run = subprocess.run(
            [*command, "-f", str(sqlfiles.path(f"audit/{question}.sql")), filled],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        )
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.count("\0") == len(ask(filled, question))


def psql(server: Server) -> str:
    """The psql beside the server that runs."""
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    assert row
    return str(Path(row[0]) / "psql")


class TestBacklogAndStuck:
    def test_backlog(self, filled: str) -> None:
        rows = {(r["target"], r["resource"]): r for r in ask(filled, "backlog")}
        assert rows["visma_net", "projects"]["backing_off"] == 1
        assert rows["visma_net", "projects"]["target_is"] == "open"
        assert rows["accountview_net", "users"]["pending"] == 1
        assert rows["accountview_net", "users"]["target_is"] == "paused: 403 for this client"

    def test_backlog_before_the_first_register(self, empty: str) -> None:
        with psycopg.connect(empty) as connection:
            connection.execute(
                "INSERT INTO outbox.message (target, resource, key, operation)"
                " VALUES ('visma_net', 'users', '{X}', 'INSERT')"
            )
            [row] = connection.execute(sqlfiles.read("audit/backlog.sql")).fetchall()
            connection.rollback()
        assert row[-1] == "waits for its first register"

    def test_oldest_pending_comes_first(self, filled: str) -> None:
        assert [r["id"] for r in ask(filled, "oldest_pending")] == [13, 14]

    def test_oldest_pending_went_out_with_newer_ones_of_its_key(self, filled: str) -> None:
        """Of those that go out together the newest counts the attempt; each of them was tried."""
        text = sqlfiles.read("audit/oldest_pending.sql")
        with psycopg.connect(filled, row_factory=dict_row) as connection:
            connection.execute("INSERT INTO outbox.message (id, target, resource, key, operation, attempts)"
                               " OVERRIDING SYSTEM VALUE"
                               " VALUES (99, 'visma_net', 'projects', '{001,P0002}', 'UPDATE', 3)")  # fmt: skip
            rows = connection.execute(text).fetchall()
            connection.rollback()
        assert [r["attempts"] for r in rows] == [5, 0, 3]

    def test_held_and_dead_say_why(self, filled: str) -> None:
        assert [(r["key"], r["why"]) for r in ask(filled, "held")] == [(["DIJK", "003"], "too many grants")]
        [row] = ask(filled, "held")  # expanded by the relay: who made the change is asked, not who expanded it
        assert (row["changed_by"], row["operation"]) == ("pieter", "INSERT")
        assert [(r["http_status"], r["why"]) for r in ask(filled, "dead")] == [(400, "Project 'P0500' has no template")]

    def test_not_ready_forgets_what_was_ready_later(self, filled: str) -> None:
        assert [(r["key"], r["lacks"], r["in_cloud"]) for r in ask(filled, "not_ready")] == [
            (["VISSER"], "missing: email", False)
        ]

    def test_failures_that_differ_in_names_only_are_one_reason(self, filled: str) -> None:
        rows = {r["reason"]: r for r in ask(filled, "failures_by_reason")}
        assert (rows["Project … has no template"]["calls"], rows["Project … has no template"]["keys"]) == (2, 2)
        assert set(rows) == {"Project … has no template", "later", "no answer"}


class TestHistory:
    def test_of_a_key_is_in_order_of_time(self, filled: str) -> None:
        assert [(r["event"], r["who"]) for r in ask(filled, "history_of_key")] == [
            ("INSERT", "sanne"),
            ("call", None),
            ("dead", None),
            ("retry", "beheer"),
        ]

    def test_of_a_key_goes_back_to_the_change_behind_a_chain(self, filled: str) -> None:
        rows = ask(filled, "history_of_key", target="accountview_net", resource="company_access", key="{MULDER,003}")
        assert [(r["event"], r["who"]) for r in rows] == [
            ("INSERT", "pieter"),
            ("expanded", None),
            ("EXPAND", "relay"),
            ("call", None),
            ("created", None),
        ]

    def test_of_a_key_knows_messages_about_a_prefix(self, filled: str) -> None:
        rows = ask(filled, "history_of_key", resource="companies", key="{003}")
        assert [r["event"] for r in rows] == ["TRUNCATE", "expanded"]

    def test_who_changed_what_counts_what_became_of_it(self, filled: str) -> None:
        rows = {r["message"]: r for r in ask(filled, "who_changed_what")}
        assert [(rows[i]["changed_by"], rows[i]["became"]) for i in (5, 6, 9)] == [
            ("sanne", "1 updated"),
            ("pieter", "1 created, 1 held"),
            ("lars", "2 removed"),
        ]

    def test_who_changed_this_and_what_left(self, filled: str) -> None:
        """The change behind a chain, the call made for it, and what was sent."""
        rows = ask(filled, "who_changed_this", resource="users", key="{BERG}")
        assert [(r["changed_by"], r["became"], r["method"], r["path"], r["sent"]) for r in rows] == [
            ("sanne", "updated", "PUT", "/v1.0/users/u1", {"last_name": "Berg"})
        ]
        [row] = ask(filled, "who_changed_this", target="accountview_net", resource="company_access", key="{MULDER,003}")
        assert (row["changed_by"], row["source"], row["method"]) == (
            "pieter",
            "accountview.administration_access",
            "POST",
        )

    def test_changes_that_went_out_together_share_the_call(self, filled: str) -> None:
        """Two clerks changed one row before it was sent; a third looked later, and nothing left for him."""
        with psycopg.connect(filled) as connection:
            connection.execute(
                "INSERT INTO outbox.message (id, target, resource, key, operation, changed_by, changed_at, status,"
                " outcome, settled_at) OVERRIDING SYSTEM VALUE"
                " SELECT id, 'visma_net', 'users', '{BOS}', 'UPDATE', who, at, 'done', outcome, settled_at"
                " FROM (VALUES (91, 'sanne', timestamptz '2026-03-03 09:00', 'updated',"
                " timestamptz '2026-03-03 09:02'),"
                " (92, 'lars', '2026-03-03 09:01', 'updated', '2026-03-03 09:02'),"
                " (93, 'pieter', '2026-03-03 10:00', 'unchanged', '2026-03-03 10:01'))"
                " AS v (id, who, at, outcome, settled_at)"
            )
            connection.execute(
                "INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path)"
                " SELECT id, target, resource, key, now(), 1, 'PUT', '/v1.0/users/u8' FROM outbox.message"
                " WHERE key = '{BOS}' AND changed_by = 'lars'"
            )
            question = sqlfiles.read("audit/who_changed_this.sql").replace("%", "%%")
            bound = re.sub(r":'(\w+)'", r"%(\1)s", question)
            given = {"target": "visma_net", "resource": "users", "key": "{BOS}"}
            rows = connection.cursor(row_factory=dict_row).execute(bound, given).fetchall()
            connection.rollback()
        assert [(r["changed_by"], r["path"]) for r in rows] == [
            ("sanne", "/v1.0/users/u8"),
            ("lars", "/v1.0/users/u8"),
            ("pieter", None),
        ]

    def test_the_change_behind_a_message(self, filled: str) -> None:
        """However many steps ago, or itself; where prune forgot it, the oldest that is left."""
        query = "SELECT message, change FROM outbox.origin WHERE message IN (9, 10, 11) ORDER BY message"
        with psycopg.connect(filled) as connection:
            assert connection.execute(query).fetchall() == [(9, 9), (10, 9), (11, 9)]
            connection.execute("DELETE FROM outbox.message WHERE id = 9")
            assert connection.execute(query).fetchall() == [(10, 10), (11, 10)]
            connection.rollback()

    def test_removals_name_the_change_behind_them(self, filled: str) -> None:
        """A child that went with its parent had no call of its own."""
        assert [(r["key"], r["changed_by"], r["calls"]) for r in ask(filled, "removals")] == [
            (["002", "P0001"], "lars", 0),
            (["002"], "lars", 1),
        ]

    def test_invitations_include_those_of_which_nobody_knows(self, filled: str) -> None:
        assert [(r["user_code"], r["mailed"], r["changed_by"]) for r in ask(filled, "invitations")] == [
            ("BAKKER", "yes", "beheer"),
            ("BAKKER", "perhaps: no clear answer", "beheer"),
        ]

    def test_sent_about_a_person(self, filled: str) -> None:
        assert [(r["method"], r["changed_by"]) for r in ask(filled, "sent_about_person")] == [
            ("GET", "beheer"),
            ("POST", "beheer"),
            ("POST", "beheer"),
        ]
        [row] = ask(filled, "sent_about_person", user="MULDER")
        assert (row["path"], row["changed_by"]) == ("/v1.0/tenants/t3/users/u2", "pieter")

    def test_last_register_leaves_out_earlier_ones(self, filled: str) -> None:
        rows = ask(filled, "last_register")
        assert {r["registered_at"].date().isoformat() for r in rows} == {"2026-03-02"}
        assert sorted((r["became"], r["keys"], r["why"]) for r in rows) == [
            ("created", 1, None),
            ("not_ready", 1, "missing: email"),
        ]


class TestFigures:
    def test_time_to_visible_counts_from_the_change_behind(self, filled: str) -> None:
        """40 ms; 100 ms by a chain; 160 ms twice, by a coarse message. A register is no change."""
        rows = {r["target"]: r for r in ask(filled, "time_to_visible")}
        assert (rows["visma_net"]["changes"], rows["visma_net"]["p50_ms"]) == (3, 160)
        assert (rows["accountview_net"]["p50_ms"], rows["accountview_net"]["p95_ms"]) == (100, 100)

    def test_calls_per_1000_changes(self, filled: str) -> None:
        """visma_net: 8 calls, 6 changes; accountview_net: 1 call, 2 changes."""
        rows = {r["target"]: r["calls_per_1000_changes"] for r in ask(filled, "calls_per_1000_changes")}
        assert rows == {"visma_net": 1333, "accountview_net": 500}


class TestAccess:
    def test_of_a_user(self, filled: str) -> None:
        rows = ask(filled, "access_of_user", user="MULDER")
        assert [(r["company_code"], r["target"], r["state"]) for r in rows] == [
            ("001", "accountview_net", "granted"),
            ("001", "visma_net", "in doubt"),
            ("003", "accountview_net", "to be revoked"),
        ]

    def test_of_a_company_says_why_not_yet(self, filled: str) -> None:
        rows = {(r["user_code"], r["target"]): r for r in ask(filled, "users_of_company", company="003")}
        assert rows["DIJK", "accountview_net"]["state"] == "to be granted"
        assert rows["DIJK", "accountview_net"]["why"] == "too many grants"
        assert rows["DIJK", "accountview_net"]["name"] == "Marieke van Dijk"

    def test_accessible_apps_of_all_users(self, filled: str) -> None:
        rows = {(r["user_code"], r["company_code"], r["app_code"]): r for r in ask(filled, "accessible_apps")}
        assert rows["OCONNOR", "003", "REPORTING"]["state"] == 'other roles: ["author"]'
        assert rows["OCONNOR", "003", "REPORTING"]["vendor"] == "Cijferhuis"
        assert rows["BERG", "002", "BANKLINK"]["state"] == "granted"
        assert rows["VRIES", "001", "FISCAL"]["state"] == "to be granted"

    def test_apps_of_a_user_name_the_grant(self, filled: str) -> None:
        rows = ask(filled, "apps_of_user", user="YILMAZ")
        assert [(r["app_code"], r["granted_to"], r["roles"], r["companies"]) for r in rows] == [
            ("WORKFLOW", "group HAVEN (Medewerkers Zeewind)", ["user"], ["002"])
        ]

    def test_apps_of_a_group_name_who_gets_them(self, filled: str) -> None:
        rows = ask(filled, "apps_of_group")
        assert [(r["app_code"], r["roles"], r["members"]) for r in rows] == [
            ("REPORTING", ["author", "reader"], ["SMIT", "VRIES"]),
            ("WORKFLOW", ["user"], ["SMIT", "VRIES"]),
        ]
