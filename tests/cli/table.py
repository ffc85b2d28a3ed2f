"""The table of commands: what each is tried with. A command that is not here makes tests/cli/test_table.py fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox import install
from outbox.cli import run
from outbox.install.checks import Finding
from tests.cli import printed

Arguments = tuple[str, ...]
# May answer what stands in braces in the arguments.
Prepare = Callable[[psycopg.Connection], dict[str, str] | None]

# Source, views, outbox and triggers are there, nothing is registered, and this user is in both clouds' views.
USER = "BAKKER"


def _nothing(connection: psycopg.Connection) -> None:
    pass


def _sql(*statements: str) -> Prepare:
    def prepare(connection: psycopg.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return prepare


def _register(*arguments: str) -> Prepare:
    def prepare(connection: psycopg.Connection) -> None:
        assert run(["register", *arguments, "--target", "visma_net", "--yes"]) == 0

    return prepare


def _linked(connection: psycopg.Connection) -> dict[str, str]:
    """The user is in the cloud."""
    _register("users", "--key", USER)(connection)
    query = "SELECT remote_id FROM outbox.mirror WHERE target = 'visma_net' AND resource = 'users' AND key = %s"
    row = connection.execute(query, [[USER]]).fetchone()
    assert row
    return {"remote_id": row[0]}


def _unlinked(connection: psycopg.Connection) -> dict[str, str]:
    """The user is in the cloud, and nobody here knows which of those there he is."""
    found = _linked(connection)
    connection.execute("DELETE FROM outbox.mirror WHERE resource = 'users'")
    return found


@dataclass(frozen=True)
class Case:
    """works: arguments that succeed after `prepare`, and words of what is said then; nothing: the same where there is
    nothing to do, with exit code 0 unless another is given. wrong: arguments and words of the refusal, exit code 2.
    beside: words while a relay is at work, where they differ. code: of the first. gone: the code without a database.
    shape: what --json prints, of `works`; None: it prints no data. interrupts: a relay has to read the mirror anew.
    """

    works: Arguments
    says: str
    nothing: Arguments
    nothing_says: str
    wrong: tuple[tuple[Arguments, str], ...]
    shape: object = None
    prepare: Prepare = _nothing
    prepare_nothing: Prepare = _nothing
    beside: str | None = None
    code: int = 0
    nothing_code: int = 0
    gone: int = 69
    database: bool = True
    interrupts: bool = False


UNKNOWN = ((("--nonsense",), "No such option"),)
ACTIVE = "UPDATE outbox.target SET active_since = now()"
# Gone from the application before anything of him was sent; what is left is a message and its words.
GONE = (
    "INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at, error)"
    " VALUES ('visma_net', 'users', '{WEG}', 'UPDATE', 'done', 'not_ready', now(), 'weg@example.nl')"
)

# Done so long ago that nobody has to know it any more.
OLD = (
    "INSERT INTO outbox.message (target, resource, key, operation, status, outcome, changed_at, settled_at)"
    " SELECT 'visma_net', 'users', '{WEG}', 'UPDATE', 'done', 'unchanged', t, t FROM"
    " (SELECT now() - interval '1000 days') AS d (t)"
)

# Held as a brake would hold it; each of the four commands decides about this one.
HELD = (
    "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld)"
    f" VALUES ('visma_net', 'users', '{{{USER}}}', 'UPDATE', 'held', now(), 'brake', 'create')"
)
# Refused by the cloud.
DEAD = (
    "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error)"
    f" VALUES ('visma_net', 'users', '{{{USER}}}', 'UPDATE', 'dead', now(), '400')"
)
UNSAID = ((), "say what is meant")

ONE_USER = ("visma_net", "users", USER)
NO_TARGET = (("exact_online", "users", USER), "'exact_online' is not one of")


def _apps(connection: psycopg.Connection) -> None:
    assert run(["apps", "pull"]) == 0


TABLE: dict[str, Case] = {
    "install": Case(
        ("install",),
        "installed",
        ("install",),
        "nothing to do",
        UNKNOWN,
        prepare=_sql("DROP TRIGGER outbox_update ON accountview.users"),
        prepare_nothing=lambda c: install.apply(c, install.plan(c)),  # the database is a clone, which is looked at anew
    ),
    # It warns of the servers of the tests, and tells what it could not find out as data.
    "check": Case(
        ("check",),
        "fsync or synchronous_commit is off",
        ("check",),
        "fsync or synchronous_commit is off",
        UNKNOWN,
        list[Finding],
        code=1,
        nothing_code=1,
        gone=3,
    ),
    "adopt": Case(("adopt", "--yes"), "nothing to do", ("adopt",), "nothing to do", UNKNOWN, printed.Adopted),
    "uninstall": Case(
        ("uninstall", "--yes"),
        "triggers and functions are removed",
        ("uninstall", "--dry-run"),
        "",
        (*UNKNOWN, ((), "say --yes")),
    ),
    "register": Case(
        ("register", "users", "--target", "visma_net", "--key", USER, "--yes"),
        "1 created",
        ("register", "users", "--target", "visma_net", "--key", "NOBODY", "--yes"),
        "unchanged",
        (
            (("gebruikers", "--yes"), "'gebruikers' is not one of"),
            (("--target", "exact_online", "--yes"), "'exact_online' is not one of"),
            (("--key", "001", "--yes"), "--key needs exactly one RESOURCE"),
            (("companies", "--key", "001", "--key", "x", "--yes"), "the key of companies is company code"),
            (("users",), "say --yes"),
        ),
        printed.Registered,
    ),
    "relay": Case(
        ("relay", "--once"),
        "",
        ("relay", "--once"),
        "",
        UNKNOWN,
        prepare=_sql(ACTIVE, f"SELECT outbox.register('visma_net', 'users', '{{{USER}}}')"),
    ),
    "explain": Case(
        ("explain", *ONE_USER),
        "waits for its first register",
        ("explain", "visma_net", "users", "NOBODY"),
        "NOBODY",
        (NO_TARGET, (("visma_net", "users"), "the key of users is user code: 1 value, not 0")),
        printed.Explained,
    ),
    "verify": Case(
        ("verify", "visma_net", "users"),
        "equal",
        ("verify",),
        "",
        ((("exact_online",), "'exact_online' is not one of"),),
        printed.Compares,
        prepare=_register("users"),
        nothing_code=73,  # no cloud is active yet
    ),
    "apps": Case(("apps",), "", ("apps",), "none yet", UNKNOWN, printed.Apps, prepare=_apps, beside="app"),
    "apps pull": Case(("apps", "pull"), "offers", ("apps", "pull"), "offers", UNKNOWN, printed.AppsPulled),
    "link": Case(
        ("link", *ONE_USER, "--to", "{remote_id}"),
        f"users {USER} is ",
        ("link", *ONE_USER, "--to", "{remote_id}"),
        f"users {USER} is ",
        ((ONE_USER, "Missing option '--to'"), NO_TARGET),
        printed.Linked,
        prepare=_unlinked,
        interrupts=True,
        prepare_nothing=_linked,
    ),
    "unlink": Case(
        ("unlink", *ONE_USER, "--yes"),
        "is not linked any more",
        ("unlink", *ONE_USER, "--yes"),
        "",
        (NO_TARGET, ((), "Missing argument")),
        printed.Linked,
        prepare=_linked,
        nothing_code=65,
        interrupts=True,
    ),
    "approve": Case(
        ("approve", "visma_net", "users", USER),
        "approved: visma_net users",
        ("approve", "visma_net", "users", USER),
        "",
        (UNSAID, (("exact_online",), "'exact_online' is not one of")),
        printed.Decided,
        prepare=_sql(HELD),
        nothing_code=66,
    ),
    "reject": Case(
        ("reject", "visma_net", "users", USER, "--reason", "a test"),
        "rejected: visma_net users",
        ("reject", "visma_net", "users", USER, "--reason", "a test"),
        "",
        ((("visma_net",), "Missing option '--reason'"), (("--reason", "a test"), "say what is meant")),
        printed.Decided,
        prepare=_sql(HELD),
        nothing_code=66,
    ),
    "retry": Case(
        ("retry", "visma_net", "users", USER),
        "to be tried again: visma_net users",
        ("retry", "visma_net", "users", USER),
        "",
        (UNSAID, (("exact_online",), "'exact_online' is not one of")),
        printed.Decided,
        prepare=_sql(DEAD),
        nothing_code=66,
    ),
    "skip": Case(
        ("skip", "visma_net", "users", USER, "--reason", "a test"),
        "skipped: visma_net users",
        ("skip", "visma_net", "users", USER, "--reason", "a test"),
        "",
        ((("visma_net",), "Missing option '--reason'"), (("--reason", "a test"), "say what is meant")),
        printed.Decided,
        prepare=_sql(HELD),
        nothing_code=66,
    ),
    "status": Case(
        ("status",),
        "1 row for a person",
        ("status",),
        "nothing waits, nothing is stuck",
        UNKNOWN,
        printed.Standing,
        prepare=_sql(HELD),
        beside="relay ",
    ),
    "audit": Case(
        ("audit", "access_of_user", f"user={USER}"),
        "to be granted",
        ("audit", "backlog"),
        "",
        (
            (("backlogs",), "'backlogs' is not one of"),
            (("access_of_user",), "access_of_user also wants user=…"),
        ),
        list[dict[str, Any]],
    ),
    "pause": Case(
        ("pause", "visma_net", "--reason", "maintenance"),
        "visma_net paused",
        ("pause", "visma_net", "--reason", "maintenance"),
        "was paused already",
        ((("exact_online", "--reason", "x"), "'exact_online' is not one of"), ((), "Missing option '--reason'")),
        list[printed.Changed],
        prepare_nothing=_sql("UPDATE outbox.target SET paused_at = now(), why = 'x' WHERE target = 'visma_net'"),
    ),
    "prune": Case(
        ("prune",),
        "1 message",
        ("prune",),
        "nothing is old enough",
        UNKNOWN,
        printed.Forgotten,
        prepare=_sql(OLD),
    ),
    "resume": Case(
        ("resume", "visma_net"),
        "visma_net resumed",
        ("resume", "visma_net"),
        "nothing to do",
        ((("exact_online",), "'exact_online' is not one of"),),
        list[printed.Changed],
        prepare=_sql("UPDATE outbox.target SET paused_at = now(), why = '403' WHERE target = 'visma_net'"),
    ),
    "erase": Case(
        ("erase", "--subject", "WEG", "--yes"),
        "erased: 0 attempts, 0 decisions, 1 message",
        ("erase", "--subject", "NOBODY", "--yes"),
        "nothing is kept about NOBODY",
        (
            (("--yes",), "Missing option '--subject'"),
            (("--subject", " "), "whose data?"),
            (("--subject", "WEG"), "--yes"),
        ),
        printed.Forgot,
        prepare=_sql(GONE),
    ),
    "config": Case(
        ("config",), "safety_poll_s", ("config",), "default", UNKNOWN, list[printed.Setting], database=False
    ),
    "help": Case(
        ("help", "ideas"), "# The ideas", ("help",), "settings", ((("nothing",), "is not one of"),), database=False
    ),
}
# These serve until they are stopped, or bring everything with them, so they are tried where each is told in full.
ELSEWHERE = {"demo": "tests/cli/test_demo.py", "sandbox": "tests/cli/test_sandbox.py"}
