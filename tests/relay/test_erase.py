"""outbox erase: a person's data goes, the evidence and the mirror stay, and nothing is forgotten that a cloud holds."""

from __future__ import annotations

import doctest
import getpass
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from outbox.cli import run
from outbox.operator import erase as erasing
from tests.lane import World

EVERYWHERE = (
    "SELECT to_jsonb(x)::text FROM (SELECT * FROM outbox.message) AS x UNION ALL"
    " SELECT to_jsonb(x)::text FROM (SELECT * FROM outbox.mirror) AS x UNION ALL"
    " SELECT to_jsonb(x)::text FROM (SELECT * FROM outbox.attempt) AS x UNION ALL"
    " SELECT to_jsonb(x)::text FROM (SELECT * FROM outbox.decision) AS x"
)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Erase = Callable[..., Result]


@pytest.fixture
def erase(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Erase:
    """The command, on the world's database."""
    monkeypatch.setenv("OUTBOX_DSN", world.dsn)

    def command(subject: str, *options: str) -> Result:
        capsys.readouterr()
        code = run(["erase", "--subject", subject, *options])
        return Result(code, *capsys.readouterr())

    return command


def named(world: World, *words: str) -> list[str]:
    """The rows of the outbox in which one of these words stands."""
    return [row for row in world.sql(EVERYWHERE) if any(word.lower() in row.lower() for word in words)]


def left_behind(world: World) -> None:
    """ann Zwart was created, got another e-mail, may open a company, is removed; others and a decision name her."""
    world.user("ann", "ann@example.nl", "Ann", "Zwart")
    world.user("bob", "bob@example.nl")
    world.company("c1")
    world.right("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET email = 'zwart@example.nl' WHERE code = 'ann'")
    world.drain()
    world.sql("DELETE FROM accountview.administration_access")
    world.sql("DELETE FROM accountview.users WHERE code = 'ann'")
    world.drain()
    world.sql("UPDATE outbox.message SET error = 'the address Zwart@Example.nl, once of Ann  Zwart, is in use'"
              " WHERE key = '{bob}'")  # fmt: skip
    world.sql("UPDATE outbox.attempt SET error = 'ann@example.nl is not allowed' WHERE key[1] IN ('bob', 'ann')")
    world.sql("INSERT INTO outbox.decision (decision, target, resource, key, why) VALUES"
              " ('retry', 'accountview_net', 'users', '{ann}', 'she is back from leave'),"
              " ('retry', 'accountview_net', 'users', '{bob}', 'zwart@example.nl had his address'),"
              " ('retry', 'accountview_net', 'users', '{bob}', 'gone-ann@example.nl is somebody else')")  # fmt: skip


def test_a_person_is_gone_from_every_table(world: World, erase: Erase) -> None:
    """Documents, errors, the clouds' words, reasons, the old e-mail as well as the last; in rows of others too."""
    left_behind(world)
    assert len(named(world, "zwart", "ann@example.nl")) > 5
    result = erase("ann", "--yes")
    assert (result.code, result.err) == (0, "")
    rest = named(world, "zwart", "ann@example.nl", "leave")
    assert len(rest) == 1
    assert "gone-ann@example.nl is somebody else" in rest[0]
    assert world.sql("SELECT DISTINCT error FROM outbox.message WHERE key = '{bob}'") == [
        "the address [erased], once of [erased], is in use"
    ]


def test_the_evidence_stays(world: World, erase: Erase) -> None:
    """Every message and call can still be found by the user code; what is told of others is untouched."""
    left_behind(world)
    before = world.sql("SELECT id, key, status, outcome, settled_at FROM outbox.message ORDER BY id")
    calls = world.sql("SELECT id, key, method, path, http_status FROM outbox.attempt ORDER BY id")
    erase("ann", "--yes")
    assert world.sql("SELECT id, key, status, outcome, settled_at FROM outbox.message ORDER BY id") == before
    assert world.sql("SELECT id, key, method, path, http_status FROM outbox.attempt ORDER BY id") == calls
    [email] = world.sql("SELECT DISTINCT document ->> 'email' FROM outbox.message WHERE document ? 'email'")
    assert email == "bob@example.nl"
    assert world.mirror("users", "bob")["document"]["email"] == "bob@example.nl"


def test_it_is_recorded_without_the_person(world: World, erase: Erase) -> None:
    """Who, when, which code, and how much."""
    left_behind(world)
    erase("ann@example.nl", "--yes")
    [(who, key, why)] = world.sql("SELECT decided_by, key, why FROM outbox.decision WHERE decision = 'erase'")
    assert (who, key) == (getpass.getuser(), ["ann"])
    assert why.startswith("erased: ")
    assert "3 documents" in why


def test_dry_run_says_the_same_and_writes_nothing(world: World, erase: Erase) -> None:
    left_behind(world)
    rows = world.sql(EVERYWHERE)
    told = erase("ann", "--dry-run")
    assert told.code == 0
    assert world.sql(EVERYWHERE) == rows
    assert erase("ann", "--yes").out.splitlines()[-1] == told.out.strip().replace("to erase", "erased")


def test_a_second_run_has_nothing_to_do(world: World, erase: Erase) -> None:
    """By code and by e-mail; nothing more is recorded."""
    left_behind(world)
    erase("ann", "--yes")
    assert erase("ann", "--yes").out == "nothing is kept about user ann\n"
    assert erase("ann@example.nl", "--yes").out == "nothing is kept about ann@example.nl\n"
    assert len(world.sql("SELECT id FROM outbox.decision WHERE decision = 'erase'")) == 1


def test_an_unknown_person(world: World, erase: Erase) -> None:
    result = erase("nobody", "--yes")
    assert (result.code, result.out) == (0, "nothing is kept about nobody\n")


def test_json(world: World, erase: Erase) -> None:
    left_behind(world)
    told = json.loads(erase("ann", "--yes", "--json").out)
    assert (told["user"], told["dry_run"], told["documents"], told["left"]) == ("ann", False, 3, 0)
    assert set(told) == {
        "user", "dry_run", "documents", "messages", "attempts", "decisions", "mirror", "left", "still_held", "also",
    }  # fmt: skip


def test_who_comes_back_is_treated_as_new(world: World, erase: Erase) -> None:
    """The drain goes on, and the outbox and the cloud are equal afterwards."""
    left_behind(world)
    erase("ann", "--yes")
    world.user("ann", "ann@example.nl", "Ann", "Zwart")
    world.right("ann")
    world.settled()
    assert sorted(world.invited()) == ["ann@example.nl", "ann@example.nl", "bob@example.nl"]


# -- refused --------------------------------------------------------------------------------------------------------


def test_refused_while_in_a_view(world: World, erase: Erase) -> None:
    """He would be sent again, and the documents with him."""
    world.user("ann")
    world.drain()
    rows = world.sql(EVERYWHERE)
    for subject in ("ann", "ann@example.nl"):
        result = erase(subject, "--yes")
        assert result.code == 75
        assert "user ann is still in accountview_net.users" in result.err
        assert "try: delete him in the application" in result.err
    assert world.sql(EVERYWHERE) == rows


def test_refused_while_in_a_view_and_never_sent(world: World, erase: Erase) -> None:
    """By his e-mail alone: the outbox has not heard of him."""
    with world.uncaptured():
        world.user("ann")
    assert "user ann is still in accountview_net.users" in erase("ann@example.nl", "--yes").err


def test_refused_while_the_removal_is_pending(world: World, erase: Erase) -> None:
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    result = erase("ann", "--yes")
    assert result.code == 75
    assert "user ann has 3 pending messages in accountview_net" in result.err
    assert "let the relay finish first" in result.err


def test_refused_while_a_coarse_message_may_lead_to_the_removal(world: World, erase: Erase) -> None:
    """Everything is to be rechecked, and the cloud holds him."""
    world.user("ann")
    world.drain()
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users")
    world.message("users")
    assert "1 pending message" in erase("ann", "--yes").err
    world.drain()
    assert erase("ann", "--yes").code == 0


def test_refused_while_in_flight(world: World, erase: Erase) -> None:
    """The intent is committed, nothing has landed."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    with world.stepping() as relay:
        relay.begin()
        assert erase("ann", "--yes").code == 75
        relay.land()
        assert erase("ann", "--yes").code == 75
        relay.settle()
    world.drain()
    assert erase("ann", "--yes").code == 0


@pytest.mark.parametrize("status", ["held", "dead"])
def test_refused_while_a_person_has_to_decide(world: World, erase: Erase, status: str) -> None:
    world.user("ann")
    world.drain()
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users")
    world.sql("INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at)"
              " VALUES ('accountview_net', 'users', '{ann}', 'DELETE', %s, 'why', now())", status)  # fmt: skip
    result = erase("ann", "--yes")
    assert (result.code, f"1 {status} message" in result.err) == (75, True)
    assert "decide about that first" in result.err


def test_refused_while_in_doubt_without_a_message(world: World, erase: Erase) -> None:
    """A call about him was skipped over by a person: what the cloud holds is not known."""
    world.sql("INSERT INTO outbox.mirror (target, resource, key, in_doubt, intent, sending)"
              " VALUES ('accountview_net', 'users', '{ann}', now(), 'create', '{ann@example.nl}')")  # fmt: skip
    result = erase("ann", "--yes")
    assert "user ann has 1 in doubt call in accountview_net" in result.err
    assert "outbox register users --target accountview_net --key ann" in result.err
    assert world.mirror("users", "ann")["sending"] == ["ann@example.nl"]


def test_an_email_of_several_is_refused(world: World, erase: Erase) -> None:
    """Which of them is meant? The codes are named; by code it is done, and the other is pointed out."""
    world.user("ann", "info@example.nl")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.drain()
    world.user("bob", "info@example.nl", "Bob", "Bos")
    world.drain()
    result = erase("info@example.nl", "--yes")
    assert (result.code, "users ann, bob have, or had, this e-mail" in result.err) == (75, True)
    assert "note: user bob has, or had, the same e-mail" in erase("ann", "--yes").out
    assert world.mirror("users", "bob")["document"]["email"] == "info@example.nl"


# -- what a cloud still holds ---------------------------------------------------------------------------------------


def kept_by_the_cloud(world: World) -> str:
    """ann is gone from the view; her removal was rejected by a person. Answers her remote id."""
    world.user("ann", "ann@example.nl", "Ann", "Zwart")
    world.drain()
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users")
    return str(world.mirror("users", "ann")["remote_id"])


def test_what_the_cloud_holds_is_not_forgotten(world: World, erase: Erase) -> None:
    """The mirror's row stays, with its remote id and without the person; and it is said."""
    remote_id = kept_by_the_cloud(world)
    result = erase("ann", "--yes")
    assert f"accountview_net still holds user ann ({remote_id})" in result.out
    row = world.mirror("users", "ann")
    assert (row["remote_id"], row["document"], row["sending"], row["in_doubt"]) == (remote_id, None, [], None)
    assert named(world, "zwart", "ann@example.nl") == []


def test_it_can_be_removed_afterwards(world: World, erase: Erase) -> None:
    kept_by_the_cloud(world)
    erase("ann", "--yes")
    world.register("users", "ann")
    world.settled()
    assert world.ended("users", "ann")[-1] == "removed"
    assert world.users() == []


def test_who_comes_back_under_his_code_is_the_same_account(world: World, erase: Erase) -> None:
    """No second invitation: the remote id says who he is, and he is sent whole."""
    remote_id = kept_by_the_cloud(world)
    erase("ann", "--yes")
    world.user("ann", "ann@example.nl", "Ann", "Zwart")
    world.settled()
    assert world.mirror("users", "ann")["remote_id"] == remote_id
    assert world.invited() == ["ann@example.nl"]


def test_who_comes_with_his_email_is_not_invited_again(world: World, erase: Erase) -> None:
    """Another code with that e-mail: the cloud has it, and the object is another key's, so a person decides."""
    kept_by_the_cloud(world)
    erase("ann", "--yes")
    world.user("bob", "ann@example.nl", "Ann", "Zwart")
    world.drain()
    assert world.invited() == ["ann@example.nl"]
    assert world.last("users", "bob")[0] == "held"


# -- interrupted, and run beside the relay ---------------------------------------------------------------------------


def test_an_interrupted_run_is_finished_by_another(world: World, erase: Erase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stops: the words are still known to the next run, since the documents that tell them go last."""
    left_behind(world)
    monkeypatch.setattr(erasing, "RANGE", 1)
    person = erasing.find_person(world.database, "ann")
    steps = len(list(erasing._find(world.database, person)))
    assert steps > 6
    for _ in range(steps - 1):
        with pytest.raises(KeyboardInterrupt):
            _erase_one_range(world.database, monkeypatch)
    assert erase("ann", "--yes").code == 0
    assert len(named(world, "zwart", "ann@example.nl", "leave")) == 1


def _erase_one_range(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes after it."""
    find = erasing._find

    def interrupted(connection: psycopg.Connection, person: erasing.Person) -> Iterator[tuple[str, list[int]]]:
        yield next(find(connection, person))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_find", interrupted)
        erasing.erase(connection, erasing.find_person(connection, "ann"))


def test_what_comes_meanwhile_is_told(world: World, erase: Erase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something about him was recorded after its range was erased: run it again."""
    left_behind(world)
    preview = erasing.preview

    def later(connection: psycopg.Connection, person: erasing.Person) -> erasing.Erased:
        world.sql("UPDATE outbox.attempt SET error = 'ann@example.nl' WHERE id = (SELECT max(id) FROM outbox.attempt"
                  " WHERE error = '[erased]')")  # fmt: skip
        return preview(connection, person)

    monkeypatch.setattr(erasing, "preview", later)
    result = erase("ann", "--yes")
    assert (result.code, "1 row came meanwhile" in result.err) == (75, True)
    monkeypatch.undo()
    monkeypatch.setenv("OUTBOX_DSN", world.dsn)
    assert erase("ann", "--yes").code == 0


def test_nobody_to_ask(world: World, erase: Erase) -> None:
    """Without a terminal and without --yes nothing is written."""
    left_behind(world)
    rows = world.sql(EVERYWHERE)
    result = erase("ann")
    assert (result.code, "say --yes" in result.err) == (2, True)
    assert world.sql(EVERYWHERE) == rows


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(erasing) == doctest.TestResults(0, 1)
