"""The table in outbox/relay/schedule.py, line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outbox.relay.schedule import Deliver, Mirror, Postpone, Settle, State, decide, doubt_at_most, in_order, parent_key
from outbox.targets.delivery import Action

DEADLINE_S = 10.0
HELD = Mirror(remote_id="r1", document="{}")
READY = State("users", ("jansen",), ids=(7,), pending_ids=(7,), rows=1, document="{}")


def test_ready_and_unknown_to_the_cloud_is_created() -> None:
    """View: row, ready. Mirror: none."""
    assert decide(READY, DEADLINE_S) == Deliver(Action.CREATE)


def test_another_document_is_an_update() -> None:
    """View: row, ready. Mirror: other document."""
    assert decide(replace(READY, mirror=HELD, same=False), DEADLINE_S) == Deliver(Action.UPDATE)


def test_the_same_document_is_left_alone() -> None:
    """View: row, ready. Mirror: same document, certain."""
    assert decide(replace(READY, mirror=HELD, same=True), DEADLINE_S) == Settle("done", "unchanged")


def test_the_same_document_in_doubt_is_sent_again() -> None:
    """A key in doubt is never unchanged, whatever the mirror shows."""
    state = replace(READY, mirror=replace(HELD, in_doubt_s=60.0), same=True)
    assert decide(state, DEADLINE_S) == Deliver(Action.UPDATE)


@pytest.mark.parametrize("resource", ["users", "companies"])
@pytest.mark.parametrize("rows", [0, 1])
def test_in_doubt_without_a_remote_id_is_looked_for_first(resource: str, rows: int) -> None:
    """The server gives the id: after an unknown outcome nothing is created or forgotten before the target was read."""
    state = replace(READY, resource=resource, rows=rows, mirror=Mirror(None, None, in_doubt_s=11.0))
    assert decide(state, DEADLINE_S) == Deliver(Action.LOOK)


def test_in_doubt_waits_for_the_deadline_of_the_earlier_call() -> None:
    """A late request may still land: the first look waits one deadline."""
    state = replace(READY, mirror=Mirror(None, None, in_doubt_s=4.0))
    decision = decide(state, DEADLINE_S)
    assert isinstance(decision, Postpone)
    assert decision.wait_s == pytest.approx(6.0)


def test_a_doubt_without_a_call_waits_for_nothing() -> None:
    """verify and register --force mark what they have no proof of: no late request can land."""
    state = replace(READY, mirror=replace(HELD, in_doubt_s=0.0), same=True)
    assert decide(state, DEADLINE_S) == Deliver(Action.UPDATE)
    called = replace(READY, mirror=replace(HELD, in_doubt_s=0.0, intent="update"), same=True)
    assert isinstance(decide(called, DEADLINE_S), Postpone)


def test_a_doubt_of_before_a_crash_counts_from_the_last_call_of_then() -> None:
    """It was marked when the call was begun, which may have left much later; a doubt without a call stays as it is."""
    state = replace(READY, mirror=replace(HELD, in_doubt_s=60.0, intent="update"))
    assert isinstance(decide(doubt_at_most(state, 4.0), DEADLINE_S), Postpone)
    assert doubt_at_most(state, 61.0) == state
    without_call = replace(READY, mirror=replace(HELD, in_doubt_s=60.0))
    assert doubt_at_most(without_call, 4.0) == without_call


def test_what_was_unlinked_is_removed_whatever_the_view_says() -> None:
    """A person said that the account is somebody else's."""
    for row in (READY, replace(READY, missing=("email",)), replace(READY, withdrawn=True), replace(READY, rows=0)):
        state = replace(row, mirror=replace(HELD, unlinked=True), same=True)
        assert decide(state, DEADLINE_S) == Deliver(Action.REMOVE)


def test_not_ready_is_neither_sent_nor_removed() -> None:
    """View: row, not ready. What the cloud holds stays, the reason is named."""
    state = replace(READY, missing=("email", "last_name"), mirror=HELD)
    assert decide(state, DEADLINE_S) == Settle("done", "not_ready", "missing: email, last_name")


def test_withdrawn_is_held_until_registered() -> None:
    """View: row, withdrawn. Only a REGISTER message removes."""
    state = replace(READY, withdrawn=True, missing=("email",), mirror=HELD)
    assert decide(state, DEADLINE_S) == Settle("held", error="register to remove", withheld="remove")
    assert decide(replace(state, registered=True), DEADLINE_S) == Deliver(Action.REMOVE)


def test_withdrawn_and_never_in_the_cloud_is_just_not_ready() -> None:
    """There is nothing to remove, so nobody has to decide."""
    state = replace(READY, withdrawn=True, missing=("email",), registered=True)
    assert decide(state, DEADLINE_S) == Settle("done", "not_ready", "missing: email")


def test_gone_from_the_view_is_removed() -> None:
    """View: no row. Mirror: row."""
    assert decide(replace(READY, rows=0, mirror=HELD), DEADLINE_S) == Deliver(Action.REMOVE)


def test_letting_go_never_removes_an_object_that_another_key_has() -> None:
    """A remote id belongs to one key: the mirror row goes, no call is made."""
    decision = decide(replace(READY, rows=0, mirror=HELD, shared=True), DEADLINE_S)
    assert isinstance(decision, Settle)
    assert (decision.outcome, decision.drop) == ("removed", True)


def test_create_and_delete_cancel_out() -> None:
    """View: no row. Mirror: none."""
    assert decide(replace(READY, rows=0), DEADLINE_S) == Settle("done", "unchanged")


def test_a_key_twice_in_the_view_is_held() -> None:
    """Which of the two rows is meant nobody can tell. Not while a call may still land: held it is in doubt no longer,
    and what is sent once the key is unique would be overtaken.
    """
    decision = decide(replace(READY, rows=2), DEADLINE_S)
    assert isinstance(decision, Settle)
    assert decision.status == "held"
    called = replace(HELD, in_doubt_s=4.0, intent="remove")
    assert isinstance(decide(replace(READY, rows=2, mirror=called), DEADLINE_S), Postpone)
    assert (
        decide(replace(READY, rows=2, mirror=replace(called, in_doubt_s=11.0), missing=("email",)), DEADLINE_S)
        == decision
    )


CHILD = State(
    "company_access",
    ("jansen", "001"),
    ids=(1,),
    pending_ids=(1,),
    rows=1,
    document="{}",
    parents=("u1", "t1"),
)


def test_a_child_does_not_wait_for_its_parent() -> None:
    """It settles as not ready and says which parent; the parent's create enqueues it again."""
    decision = decide(replace(CHILD, parents=("u1", None)), DEADLINE_S)
    assert decision == Settle("done", "not_ready", "companies 001 is not in the cloud")


def test_a_child_of_a_parent_with_another_remote_id_is_sent_again() -> None:
    """Else a returning user would keep `unchanged` access that the cloud has lost. What the old account had goes first,
    unless another key has it.
    """
    held = Mirror("t1/u0", "{}", parents=("u0", "t1"))
    assert decide(replace(CHILD, mirror=held, same=True), DEADLINE_S) == Deliver(Action.REMOVE)
    assert decide(replace(CHILD, mirror=held, same=True, shared=True), DEADLINE_S) == Deliver(Action.CREATE)
    elsewhere = Mirror("t0/u1", "{}", parents=("u1", "t0"))
    assert decide(replace(CHILD, mirror=elsewhere, same=True), DEADLINE_S) == Deliver(Action.CREATE)
    now = Mirror("t1/u1", "{}", parents=("u1", "t1"))
    assert decide(replace(CHILD, mirror=now, same=True), DEADLINE_S) == Settle("done", "unchanged")


def test_an_access_whose_account_is_another_users_now_is_removed() -> None:
    """What the cloud holds of a row that is not ready stays, but not under somebody else's account."""
    held = Mirror("t1/u1", "{}", parents=("u1", "t1"))
    passed_on = replace(CHILD, parents=(None, "t1"), mirror=held, same=True)
    assert decide(passed_on, DEADLINE_S) == Deliver(Action.REMOVE)
    assert isinstance(decide(replace(passed_on, shared=True), DEADLINE_S), Settle)
    assert isinstance(decide(replace(passed_on, parents=(None, None)), DEADLINE_S), Settle)


def test_parents_go_first() -> None:
    """Of what is claimed together, parents go first; then the oldest message."""
    company = replace(READY, resource="companies", ids=(9,))
    assert in_order([CHILD, READY, company]) == [READY, company, CHILD]
    assert parent_key("app_access", ("jansen", "001", "SCAN"), "companies") == ("001",)
