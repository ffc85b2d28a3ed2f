"""The table of commands: what each is tried with. A command that is not here makes tests/cli/test_table.py fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from outbox import install

Arguments = tuple[str, ...]
Prepare = Callable[[psycopg.Connection], object]

# Source, views, outbox and triggers are there, nothing is registered, and this user is in both clouds' views.
USER = "BAKKER"


def _nothing(connection: psycopg.Connection) -> None:
    pass


def _sql(*statements: str) -> Prepare:
    def prepare(connection: psycopg.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return prepare


@dataclass(frozen=True)
class Case:
    """works: arguments that succeed after `prepare`, and words of what is said then; nothing: the same where there is
    nothing to do, which is no error. wrong: arguments and words of the refusal, exit code 2 unless another is given.
    beside: words while a relay is at work, where they differ. code: of the first. gone: the code without a database.
    """

    works: Arguments
    says: str
    nothing: Arguments | None = None
    nothing_says: str = ""
    wrong: tuple[tuple[Arguments, str], ...] = ()
    prepare: Prepare = _nothing
    prepare_nothing: Prepare = _nothing
    beside: str | None = None
    code: int = 0
    gone: int = 69
    database: bool = True


UNKNOWN = ((("--nonsense",), "No such option"),)
ACTIVE = "UPDATE outbox.target SET active_since = now()"
# Gone from the application before anything of him was sent; what is left is a message and its words.
GONE = (
    "INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at, error)"
    " VALUES ('visma_net', 'users', '{WEG}', 'UPDATE', 'done', 'not_ready', now(), 'weg@example.nl')"
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
    "check": Case(("check",), "fsync or synchronous_commit is off", wrong=UNKNOWN, code=1, gone=3),
    "adopt": Case(("adopt", "--yes"), "nothing to do", ("adopt",), "nothing to do", UNKNOWN),
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
            (("users",), "say --yes"),
        ),
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
        (NO_TARGET, (("visma_net", "users"), "Missing argument")),
    ),
    "verify": Case(
        ("verify", "visma_net", "users"),
        "visma_net",
        wrong=((("exact_online",), "'exact_online' is not one of"),),
        code=3,
    ),
    "apps pull": Case(("apps", "pull"), "offers", ("apps", "pull"), "offers", UNKNOWN),
    "link": Case(
        ("link", *ONE_USER, "--to", "nobody-there"), "", wrong=((ONE_USER, "Missing option '--to'"), NO_TARGET), code=65
    ),
    "unlink": Case(("unlink", *ONE_USER, "--yes"), "", wrong=(NO_TARGET, ((), "Missing argument")), code=65),
    "approve": Case(
        ("approve", "visma_net", "users", USER),
        "approved: visma_net users",
        wrong=(UNSAID, (("exact_online",), "'exact_online' is not one of")),
        prepare=_sql(HELD),
    ),
    "reject": Case(
        ("reject", "visma_net", "users", USER, "--reason", "a test"),
        "rejected: visma_net users",
        wrong=((("visma_net",), "Missing option '--reason'"), (("--reason", "a test"), "say what is meant")),
        prepare=_sql(HELD),
    ),
    "retry": Case(
        ("retry", "visma_net", "users", USER),
        "to be tried again: visma_net users",
        wrong=(UNSAID, (("exact_online",), "'exact_online' is not one of")),
        prepare=_sql(DEAD),
    ),
    "skip": Case(
        ("skip", "visma_net", "users", USER, "--reason", "a test"),
        "skipped: visma_net users",
        wrong=((("visma_net",), "Missing option '--reason'"), (("--reason", "a test"), "say what is meant")),
        prepare=_sql(HELD),
    ),
    "status": Case(("status",), "no relay", wrong=UNKNOWN, beside="relay "),
    "audit": Case(
        ("audit", "access_of_user", f"user={USER}"),
        "to be granted",
        ("audit", "backlog"),
        "",
        (
            (("backlogs",), "'backlogs' is not one of"),
            (("access_of_user",), "access_of_user also wants user=…"),
        ),
    ),
    "pause": Case(
        ("pause", "visma_net", "--reason", "maintenance"),
        "visma_net paused",
        ("pause", "visma_net", "--reason", "maintenance"),
        "was paused already",
        ((("exact_online", "--reason", "x"), "'exact_online' is not one of"), ((), "Missing option '--reason'")),
        prepare_nothing=_sql("UPDATE outbox.target SET paused_at = now(), why = 'x' WHERE target = 'visma_net'"),
    ),
    "prune": Case(("prune",), "", ("prune",), "", UNKNOWN),
    "resume": Case(
        ("resume", "visma_net"),
        "visma_net is sent to again",
        ("resume", "visma_net"),
        "nothing to do",
        ((("exact_online",), "'exact_online' is not one of"),),
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
        prepare=_sql(GONE),
    ),
    "config": Case(("config",), "safety_poll_s", wrong=UNKNOWN, database=False),
    "help": Case(
        ("help", "ideas"), "# The ideas", ("help",), "settings", ((("nothing",), "is not one of"),), database=False
    ),
}
# These serve until they are stopped, or bring everything with them, so they are tried where each is told in full.
ELSEWHERE = {"demo": "tests/cli/test_demo.py", "sandbox": "tests/cli/test_sandbox.py"}
