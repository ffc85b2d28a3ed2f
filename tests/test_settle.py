"""What is recorded of each kind of outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outbox.errors import Ambiguous, CloudError, NotAllowed, PlatformDown, Refused, Transient, Unknown
from outbox.relay import settle
from outbox.relay.retry import Patience
from outbox.relay.rows import Settled
from outbox.relay.schedule import Mirror, Settle, State
from outbox.relay.settle import Times, after_call, without_call
from outbox.targets.delivery import Action, Delivered, Delivery, Outcome

TIMES = Times(deadline_s=10, doubt_s=20, user_doubt_s=60)
HELD = Mirror("r1", '{"email": "old@example.nl"}', sending=("older@example.nl",))
NEW = State("users", ("jansen",), (3, 5), (3, 5), rows=1, document='{"email": "new@example.nl"}')
KNOWN = replace(NEW, mirror=HELD)
IN_DOUBT = replace(NEW, mirror=Mirror(None, None, in_doubt_s=30.0, sending=("new@example.nl",)))


def _after(state: State, action: Action, outcome: Outcome, noted: str | None = None) -> Settled:
    delivery = Delivery(state.resource, state.key, action, 5, sending=("new@example.nl",))
    return after_call(state, delivery, outcome, TIMES, Patience(), noted)


def test_a_create_is_recorded_with_its_remote_id_and_document() -> None:
    """Every coalesced message is done, the newest stands for the delivery."""
    s = _after(NEW, Action.CREATE, Delivered("r9", http_status=201))
    assert (s.status, s.outcome, s.mirror, s.remote_id) == ("done", "created", "write", "r9")
    assert (s.ids, s.message_id, s.document) == ((3, 5), 5, NEW.document)


def test_what_was_adopted_was_not_created() -> None:
    """Nobody was invited, so the auditor must not read `created`."""
    assert _after(NEW, Action.CREATE, Delivered("r9", adopted=True)).outcome == "updated"


def test_a_removal_takes_the_mirror_row_along() -> None:
    """The target no longer holds the key, and neither does the mirror."""
    s = _after(KNOWN, Action.REMOVE, Delivered())
    assert (s.status, s.outcome, s.mirror) == ("done", "removed", "delete")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Transient("busy"), "pending"),
        (PlatformDown("away"), "pending"),
        (NotAllowed("no"), "pending"),
        (Refused("bad"), "dead"),
        (Ambiguous("two"), "held"),
    ],
)
def test_where_nothing_was_applied_the_mirror_is_as_before(error: CloudError, status: str) -> None:
    """An intent that came to nothing must not leave a key in doubt for ever, nor a row that holds nothing."""
    s = _after(KNOWN, Action.UPDATE, error)
    assert (s.status, s.mirror, s.in_doubt_s, s.sending) == (status, "write", None, HELD.sending)
    assert _after(NEW, Action.CREATE, error).mirror == "delete"
    assert s.error == error.why


@pytest.mark.parametrize("outcome", [Unknown("reset"), ValueError("a bug")])
def test_an_unknown_outcome_stays_in_doubt_and_waits_a_deadline(outcome: Exception) -> None:
    """Ours or theirs: a late request may still land."""
    s = _after(NEW, Action.CREATE, outcome)
    assert (s.status, s.mirror, s.in_doubt_s, s.sending) == ("pending", "write", 0.0, ("new@example.nl",))
    assert s.wait_s is not None
    assert s.wait_s >= TIMES.deadline_s
    assert "a bug" not in (s.error or "")


def test_the_intent_is_what_begin_noted() -> None:
    """A relay that lost its lease may have said of a removal after the key was looked at: only begin saw it."""
    assert _after(KNOWN, Action.UPDATE, Unknown("reset"), "remove").intent == "remove"
    gone = _after(KNOWN, Action.UPDATE, Ambiguous("gone", http_status=404), "remove")
    assert (gone.status, gone.mirror) == ("pending", "delete")


def test_told_to_wait_uses_up_no_attempt() -> None:
    """Retry-After is obeyed to the letter."""
    s = _after(KNOWN, Action.UPDATE, Transient("limit", http_status=429, retry_after_s=7))
    assert (s.wait_s, s.uncounted) == (7, True)


def test_an_error_that_says_when_to_come_again_is_still_an_error() -> None:
    """Never sooner than it says; but one record that always fails so grows rarer, and is dead in time."""
    told = Transient("busy", http_status=503, retry_after_s=7)
    tired = replace(KNOWN, attempts=30)
    waits = [_after(tired, Action.UPDATE, told) for _ in range(200)]
    assert max(s.wait_s or 0.0 for s in waits) > 600
    assert {s.uncounted for s in waits} == {False}
    assert all(7 <= (_after(KNOWN, Action.UPDATE, told).wait_s or 0.0) <= 9 for _ in range(20))
    assert _after(replace(tired, age_s=90_000), Action.UPDATE, told).status == "dead"


def test_dead_only_after_enough_attempts_and_enough_time() -> None:
    """A target that is away for a night must not kill what was sent at nine."""
    tired = replace(KNOWN, attempts=30)
    assert _after(tired, Action.UPDATE, Transient("busy")).status == "pending"
    s = _after(replace(tired, age_s=90_000), Action.UPDATE, Transient("busy"))
    assert (s.status, s.error) == ("dead", "given up: busy")


def test_a_look_that_finds_links_and_looks_again() -> None:
    """The document there is not known, so it is sent whole next."""
    s = _after(IN_DOUBT, Action.LOOK, Delivered("r7"))
    assert (s.status, s.mirror, s.remote_id, s.wait_s) == ("pending", "write", "r7", 0.0)


def test_a_user_is_looked_for_longer_before_he_is_created_again() -> None:
    """A repeated create mails again: 60 s for users, two looks for the rest."""
    assert _after(IN_DOUBT, Action.LOOK, Delivered(None)).mirror == "keep"
    company = replace(IN_DOUBT, resource="companies", key=("001",))
    assert _after(company, Action.LOOK, Delivered(None)).mirror == "delete"
    late = replace(IN_DOUBT, mirror=Mirror(None, None, in_doubt_s=61.0))
    assert _after(late, Action.LOOK, Delivered(None)).mirror == "delete"


def test_what_one_key_is_held_for_says_nothing_of_the_next() -> None:
    """Else an approval of the brake's batch would let pass somebody who was held as ambiguous after it."""
    held = without_call(NEW, Settle("held", error="brake", withheld="create", batch=7))
    assert (held.withheld, held.batch) == ("create", 7)
    ambiguous = _after(IN_DOUBT, Action.LOOK, Ambiguous("two"))
    assert (ambiguous.status, ambiguous.withheld, ambiguous.batch) == ("held", None, None)
    assert without_call(NEW, Settle("done", "not_ready")).document is None


def _lines(lines: list[dict[str, Any]], field: str) -> set[Any]:
    return {line[field] for line in lines}


@pytest.mark.parametrize("error", [Transient("busy", http_status=500), PlatformDown("no API", http_status=404)])
def test_a_look_that_fails_grows_rarer(error: CloudError) -> None:
    """It counts no attempt, so how long the doubt lasts has to say how long it waits."""
    for in_doubt_s in (30.0, 3000.0):
        state = replace(IN_DOUBT, attempts=1, mirror=Mirror(None, None, in_doubt_s=in_doubt_s))
        waits = [_after(state, Action.LOOK, error).wait_s or 0.0 for _ in range(200)]
        assert in_doubt_s / 4 < max(waits) <= in_doubt_s


def test_a_parent_that_comes_or_goes_has_its_children_looked_at() -> None:
    """Nothing waits for a parent: its create enqueues them."""
    created = _after(NEW, Action.CREATE, Delivered("r9"))
    assert _lines(settle.children_to_look_at(NEW, created), "resource") == {"company_access", "app_access"}
    updated = _after(KNOWN, Action.UPDATE, Delivered("r1"))
    assert settle.children_to_look_at(KNOWN, updated) == []
    linked = replace(KNOWN, mirror=Mirror("r1", None))
    assert settle.children_to_look_at(linked, _after(linked, Action.UPDATE, Delivered("r1"))) != []
    assert settle.children_to_look_at(linked, _after(linked, Action.UPDATE, Transient("busy"))) == []
    failed = _after(NEW, Action.CREATE, Transient("busy"))
    assert settle.children_to_look_at(NEW, failed) == []  # each attempt would have all below expanded
    removed = _after(KNOWN, Action.REMOVE, Delivered())
    assert settle.children_to_look_at(KNOWN, removed) != []
    assert _lines(settle.removed_parents(KNOWN, removed), "place") == {1}


def test_an_email_given_up_is_offered_to_who_waits_for_it() -> None:
    """Held as ambiguous, or told to wait: the other user is looked at again."""
    updated = _after(KNOWN, Action.UPDATE, Delivered("r1"))
    assert _lines(settle.emails_given_up(KNOWN, updated), "email") == {"old@example.nl", "older@example.nl"}
    assert settle.emails_given_up(KNOWN, _after(KNOWN, Action.UPDATE, Transient("busy"))) == []
