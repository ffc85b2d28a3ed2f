"""outbox approve, reject, retry, skip, as a person at the shell meets them."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.cli.conftest import Shell

STUCK = """
    INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld, batch)
    SELECT 'visma_net', 'users', ARRAY['U' || n], 'DELETE', 'held', now(), 'brake: 6 removals of users', 'remove', 7
    FROM generate_series(1, 6) AS n;
    INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error)
    VALUES ('visma_net', 'users', '{TWIN}', 'INSERT', 'held', now(), 'ambiguous: user U1 has this e-mail in the cloud'),
           ('visma_net', 'projects', '{001,P1}', 'INSERT', 'dead', now(), 'no template');
"""


@pytest.fixture
def stuck(shell: Shell, site: psycopg.Connection) -> psycopg.Connection:
    """Six users held by one brake, one ambiguous, one dead project; no relay."""
    assert shell("install").code == 0
    site.execute(STUCK)
    return site


def _statuses(stuck: psycopg.Connection) -> dict[str, int]:
    query = "SELECT coalesce(outcome, status) || ' ' || operation, count(*) FROM outbox.message GROUP BY 1"
    return dict(stuck.execute(query).fetchall())


def test_one_key_is_approved_without_a_question(shell: Shell, stuck: psycopg.Connection) -> None:
    """A new message for the relay, and who decided why."""
    result = shell("approve", "visma_net", "users", "U3", "--reason", "left us")
    assert (result.code, result.out) == (0, "approved: visma_net users U3 (remove)\n")
    assert stuck.execute(
        "SELECT approved, cause IS NOT NULL FROM outbox.message WHERE status = 'pending'"
    ).fetchall() == [(["remove"], True)]
    (decided,) = stuck.execute("SELECT decision, key, why, decided_by <> '' FROM outbox.decision").fetchall()
    assert decided == ("approve", ["U3"], "left us", True)


def test_many_are_asked_about_and_nobody_there_is_no_yes(shell: Shell, stuck: psycopg.Connection) -> None:
    """What is meant is counted first; ten are named, and who tells of the others; nothing is written."""
    result = shell("approve", "--batch", "7")
    assert result.code == 2
    assert "visma_net  users     held    remove     6" in result.out
    assert "say --yes" in result.err
    stuck.execute(STUCK.replace("'U'", "'V'"))
    assert "  and 2 more: outbox audit held\n" in shell("approve", "--batch", "7").out
    assert "pending REGISTER" not in _statuses(stuck)


def test_a_batch_is_approved(shell: Shell, stuck: psycopg.Connection) -> None:
    """All that one brake held together, and nothing else."""
    result = shell("approve", "--batch", "7", "--yes")
    assert result.out == "approved: visma_net users 6 keys (remove)\n"
    assert _statuses(stuck) == {"superseded DELETE": 6, "pending REGISTER": 6, "held INSERT": 1, "dead INSERT": 1}


def test_a_resource_is_approved_but_for_what_cannot_be(shell: Shell, stuck: psycopg.Connection) -> None:
    """What no approval can settle stays held, and that is said."""
    result = shell("approve", "visma_net", "users", "--yes")
    assert result.code == 0
    assert "stays held: visma_net users TWIN: ambiguous" in result.out


def test_an_ambiguous_one_cannot_be_approved(shell: Shell, stuck: psycopg.Connection) -> None:
    """Why, and what to do instead."""
    result = shell("approve", "visma_net", "users", "TWIN")
    assert result.code == 66
    assert "an approval cannot settle visma_net users TWIN: ambiguous: user U1" in result.err
    assert "outbox link" in result.err


def test_retry_and_skip_take_what_is_dead(shell: Shell, stuck: psycopg.Connection) -> None:
    """A beginning of a key means all below it."""
    assert shell("retry", "visma_net", "projects", "001").out == "to be tried again: visma_net projects 001 P1\n"
    assert _statuses(stuck)["pending EXPAND"] == 1
    stuck.execute(
        "UPDATE outbox.message SET status = 'dead', error = 'no', settled_at = now() WHERE status = 'pending'"
    )
    assert shell("skip", "visma_net", "projects", "--reason", "a test").out == "skipped: visma_net projects 001 P1\n"


def test_by_message(shell: Shell, stuck: psycopg.Connection) -> None:
    """A message stands for its key."""
    (id_,) = stuck.execute("SELECT id FROM outbox.message WHERE key = '{U2}'").fetchone() or (0,)
    assert shell("approve", "--message", str(id_)).out == "approved: visma_net users U2 (remove)\n"


WRONG = (
    (("approve", "visma_net", "users", "NOBODY"), 66, "nothing of visma_net users NOBODY is held"),
    (("approve", "visma_net", "projects"), 66, "visma_net projects 001 P1 is dead, not held"),
    (("retry", "visma_net", "users", "U1"), 66, "visma_net users U1 is held, not dead or waiting"),
    (("reject", "--batch", "99", "--reason", "x"), 66, "nothing of batch 99 is held"),
    (("skip", "--message", "0", "--reason", "x"), 66, "nothing of message 0 is held or dead"),
    (("approve", "visma_net", "users", "U1", "U2"), 2, "the key of users is user code: 1 value, not 2"),
    (("approve", "--message", "9" * 20), 2, "is not in the range"),
    (("approve", "--batch", "9" * 20), 2, "is not in the range"),
    (("retry", "visma_net", "users", "JANS\udce9N"), 2, r"'JANS\udce9N' is not UTF-8"),
    (("skip", "visma_net", "projects", "--reason", " "), 2, "needs a --reason that says something"),
)


def test_what_is_not_there_or_wrong_is_said(shell: Shell, stuck: psycopg.Connection) -> None:
    """What, why, and an exit code; nothing is decided."""
    before = _statuses(stuck)
    for arguments, code, words in WRONG:
        result = shell(*arguments)
        assert (result.code, words in result.err) == (code, True), (arguments, result.err)
    assert _statuses(stuck) == before


def test_for_a_program(shell: Shell, stuck: psycopg.Connection) -> None:
    """The same as JSON."""
    told = json.loads(shell("approve", "visma_net", "users", "--yes", "--json").out)
    assert set(told) == {"decision", "messages", "keys", "left"}
    assert (told["decision"], len(told["messages"]), len(told["keys"])) == ("approve", 6, 6)
    assert [s["key"] for s in told["left"]] == [["TWIN"]]
    assert set(told["keys"][0]) == {
        "target", "resource", "key", "status", "withheld", "batch", "error", "messages", "statuses",
    }  # fmt: skip


def test_who_decides_is_what_the_session_says(
    shell: Shell, stuck: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """outbox.actor where it is set, else the user at the desk."""
    monkeypatch.setenv("PGOPTIONS", "-c outbox.actor=petra")
    assert shell("approve", "visma_net", "users", "U1").code == 0
    assert stuck.execute("SELECT decided_by FROM outbox.decision").fetchall() == [("petra",)]
