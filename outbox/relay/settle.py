"""Pure: from the outcome of a delivery to what is recorded of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from outbox.errors import Ambiguous, CloudError, NotAllowed, PlatformDown, Refused, Transient
from outbox.relay.retry import Patience
from outbox.relay.rows import Settled
from outbox.relay.schedule import Mirror, Postpone, Settle, State, is_access, parents_of
from outbox.resources import RESOURCES, children_of
from outbox.targets.delivery import Action, Delivered, Delivery, Key, Outcome


@dataclass(frozen=True)
class Times:
    """deadline_s: of one call. doubt_s: how long an object is looked for before its create is repeated; a repeated
    create of a user mails again, so users are looked for longer.
    """

    deadline_s: float = 10.0
    doubt_s: float = 20.0
    user_doubt_s: float = 60.0

    def looking_s(self, resource: str) -> float:
        return self.user_doubt_s if resource == "users" else self.doubt_s


def without_call(state: State, decision: Settle | Postpone) -> Settled:
    """What needs no call: unchanged, not ready, held, let go, or later."""
    doubted = state.mirror is not None and state.mirror.doubted
    gone = {"mirror": "delete"} if decision.drop else {}
    if isinstance(decision, Postpone):
        return _settled(state, "pending", error=decision.why, wait_s=decision.wait_s, doubted=doubted, **gone)
    mirror = gone or _certain_again(state)
    if decision.withheld == "update":  # perhaps another person: what is known of the first one shows it, also next time
        mirror = _KEEP
    if decision.status == "held":
        mirror = mirror | {"document": state.document, "withheld": decision.withheld, "batch": decision.batch}
    return _settled(state, decision.status, decision.outcome, error=decision.error, doubted=doubted, **mirror)


def after_call(
    state: State, delivery: Delivery, outcome: Outcome, times: Times, patience: Patience, noted: str | None = None
) -> Settled:
    """What the target answered, recorded. noted: the intent, as begin noted it."""
    if isinstance(outcome, Delivered):
        return _acknowledged(state, delivery.action, outcome, times)
    status = outcome.http_status if isinstance(outcome, CloudError) else None
    why = outcome.why if isinstance(outcome, CloudError) else f"a fault of the relay: {type(outcome).__name__}"
    looked = delivery.action is Action.LOOK  # nothing was written, and no attempt was counted
    before = _KEEP if looked else _as_before(state)
    match outcome:
        case Refused():
            return _settled(state, "dead", http_status=status, error=why, **before)
        case Ambiguous(http_status=404) if noted == "remove" or (state.mirror and state.mirror.intent == "remove"):
            # gone by our own call, whose answer was lost, and wanted again since: he is created anew
            return _settled(state, "pending", http_status=status, error=why, wait_s=0.0, mirror="delete")
        case Ambiguous():
            gone = {"gone": True, "withheld": "recreate"} if status == 404 else {}
            rest = before | {"document": state.document} | gone
            return _settled(state, "held", http_status=status, error=why, **rest)
        case PlatformDown(http_status=None) | NotAllowed():
            wait_s = patience.wait_s(5) + 1.0
            return _settled(
                state, "pending", http_status=status, error=why, wait_s=wait_s, uncounted=not looked, **before
            )
        # not sent, or too many calls: that is no failure of the message
        case Transient(retry_after_s=float() | int() as wait_s, http_status=None | 429):
            return _settled(
                state, "pending", http_status=status, error=why, wait_s=wait_s, uncounted=not looked, **before
            )
        case Transient() | PlatformDown():  # answered by somebody: perhaps it is this record, and not the platform
            told_s = getattr(outcome, "retry_after_s", None) or 0.0
            wait_s = told_s + patience.wait_s(_tries(state, looked))  # so that another key finds out whether it is over
            return _again(state, why, status, wait_s, patience, before)
        case _:  # unknown, ours included: nothing may be taken for granted
            wait_s = times.deadline_s + patience.wait_s(state.attempts)
            return _again(state, why, status, wait_s, patience, _KEEP if looked else _in_doubt(state, delivery, noted))


def _acknowledged(state: State, action: Action, delivered: Delivered, times: Times) -> Settled:
    if action is Action.LOOK:
        return _looked(state, delivered, times)
    if action is Action.REMOVE:
        return _settled(state, "done", "removed", http_status=delivered.http_status, mirror="delete")
    outcome = "created" if action is Action.CREATE and not delivered.adopted else "updated"
    return _settled(
        state,
        "done",
        outcome,
        http_status=delivered.http_status,
        document=state.document,
        mirror="write",
        remote_id=delivered.remote_id,
        parents=state.parents,
        etag=delivered.etag,
        held=state.document,
    )


def _looked(state: State, delivered: Delivered, times: Times) -> Settled:
    """Found: linked, and looked at again at once; `sending` stays, since which of these e-mails a user has is not
    known yet. Not found: a late call may still land, so look again; in the end it counts, and the row that only stood
    for the attempt goes.
    """
    mirror = state.mirror
    if delivered.remote_id is not None:
        sending = mirror.sending if mirror else ()
        return _settled(state, "pending", wait_s=0.0, mirror="write", remote_id=delivered.remote_id, sending=sending)
    left_s = times.looking_s(state.resource) - (mirror.in_doubt_s or 0.0 if mirror else 0.0)
    if left_s > 0:
        wait_s = min(left_s, times.deadline_s)
        return _settled(state, "pending", wait_s=wait_s, error="not found yet, an earlier call may still arrive")
    return _settled(state, "pending", wait_s=0.0, mirror="delete")


def _tries(state: State, looked: bool) -> int:
    """Looks are not counted: twice as long in doubt is one more."""
    in_doubt_s = state.mirror.in_doubt_s if looked and state.mirror else None
    return max(state.attempts, int(math.log2(1.0 + (in_doubt_s or 0.0))))


def _again(
    state: State, why: str, http_status: int | None, wait_s: float, patience: Patience, mirror: dict[str, Any]
) -> Settled:
    if patience.is_over(state.attempts + 1, state.age_s):
        return _settled(state, "dead", http_status=http_status, error=f"given up: {why}", **mirror)
    return _settled(state, "pending", http_status=http_status, error=why, wait_s=wait_s, **mirror)


_KEEP = {"mirror": "keep"}


def _as_before(state: State) -> dict[str, Any]:
    """Nothing was applied: the mirror row as it was before the intent. One that was not believed is in doubt: a verify
    that left it out, since its call was under way, may be done by now.
    """
    if state.mirror is None:
        return {"mirror": "delete"}
    doubted = {} if state.believed or state.mirror.in_doubt_s is not None else {"in_doubt_s": 0.0}
    return _row(state.mirror) | doubted


def _certain_again(state: State) -> dict[str, Any]:
    """A key in doubt that is left as it is: whatever was under way has arrived by now. That the object is ours is
    certain, what is in it is not: the next delivery sends it whole. Else who waits for this key would wait for ever.
    So one that is not believed: a verify that left it out, since it had a message, may be done by now.
    """
    mirror = state.mirror
    if mirror is None or mirror.remote_id is None or (mirror.in_doubt_s is None and state.believed):
        return _KEEP
    email = email_of(mirror.document) if state.resource == "users" else None
    sending = tuple(sorted({*mirror.sending, *([email] if email else [])}))
    return _row(mirror) | {"in_doubt_s": None, "intent": None, "held": None, "sending": sending}


def _in_doubt(state: State, delivery: Delivery, noted: str | None) -> dict[str, Any]:
    """The intent stands, and the doubt counts from now: the call may have left only just before."""
    return _row(state.mirror or Mirror(None, None)) | {
        "remote_id": delivery.remote_id,
        "sending": delivery.sending,
        "in_doubt_s": 0.0,
        "intent": noted or delivery.action,
    }


def _row(mirror: Mirror) -> dict[str, Any]:
    return {
        "mirror": "write",
        "remote_id": mirror.remote_id,
        "in_doubt_s": mirror.in_doubt_s,
        "intent": mirror.intent,
        "sending": mirror.sending,
        "parents": mirror.parents,
        "gone": mirror.gone,
        "etag": mirror.etag,
        "held": mirror.document,
    }


def _settled(state: State, status: str, outcome: str | None = None, **rest: Any) -> Settled:
    return Settled(state.resource, state.key, state.ids, state.message_id, status, outcome, **rest)


# -- what else follows, in the same transaction ------------------------------------------------------------------


def removed_parents(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for remove_children: what a removed parent takes with it."""
    if settled.outcome != "removed" or state.mirror is None or state.mirror.remote_id is None or state.shared:
        return []
    return [
        {
            "resource": child.name,
            "place": child.key.index(parent.columns[0]) + 1,
            "value": state.key[0],
            "remote_id": state.mirror.remote_id,
            "cause": state.message_id,
        }
        for child, parent in children_of(state.resource)
    ]


def children_to_look_at(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for enqueue_children: a parent that came (made or linked), went or got another remote id has its children
    looked at, and who was unlinked, or whose predecessor under the code had to be removed first, is looked at himself:
    he is made anew. So is an access that was another account's.
    """
    before = state.mirror.remote_id if state.mirror else None
    first = state.mirror is not None and (state.mirror.unlinked or state.mirror.intent == "remove")
    if settled.outcome == "removed" and state.rows and (first or is_access(state.resource)):
        anew = {"resource": state.resource, "key": dict(zip(RESOURCES[state.resource].key, state.key, strict=True))}
        return [anew | {"cause": state.message_id}, *children_of_key(state.resource, state.key, state.message_id)]
    # linked by hand, or taken for gone, and acknowledged now; what failed would have all looked at with every attempt
    unsure = state.mirror is not None and (state.mirror.document is None or state.mirror.gone)
    back = unsure and settled.status == "done"
    came = settled.mirror == "write" and settled.in_doubt_s is None and (settled.remote_id != before or back)
    # what was held or kept with its company goes on with it
    stays = state.rows > 0 and (state.rejected is False or state.withheld == "remove")
    went = settled.mirror == "delete" and before is not None  # else the create failed, and nothing is otherwise
    if not (came or went or stays):
        return []
    return children_of_key(state.resource, state.key, state.message_id)


def children_of_key(resource: str, key: Key, cause: int) -> list[dict[str, Any]]:
    """Lines for enqueue_children: everything below one parent."""
    return [
        {"resource": child.name, "key": dict(zip(parent.columns, key, strict=True)), "cause": cause}
        for child, parent in children_of(resource)
    ]


def parents_to_look_at(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for look_at_parents: of an access that the target answered 404. It would be tried until it is dead, where a
    company is made anew, and of a user a person is asked.
    """
    if not is_access(state.resource) or settled.http_status != 404 or settled.status == "done":
        return []
    parents = zip(parents_of(state.resource, state.key), state.parents, strict=True)
    return [{"resource": r, "key": k, "remote_id": id_, "cause": state.message_id} for (r, k), id_ in parents]


def unrecorded_creates(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for note_unrecorded: a user whose create was in doubt, and who was found."""
    mirror = state.mirror
    if state.resource != "users" or mirror is None or mirror.intent != "create" or mirror.in_doubt_s is None:
        return []
    if settled.outcome is not None or settled.remote_id is None or mirror.remote_id is not None:
        return []
    return [{"message_id": state.message_id, "key": state.key, "in_doubt_s": mirror.in_doubt_s}]


def rejections_over(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for end_rejections: the row is another than the one that was rejected, or it was done after all."""
    done = settled.outcome in ("created", "updated", "removed")
    over = state.rejected is False or (state.rejected and done)
    return [{"resource": state.resource, "key": state.key}] if over else []


def emails_given_up(state: State, settled: Settled) -> list[dict[str, Any]]:
    """Lines for requeue_email: e-mails that a user's object had, or may have had, and has no longer."""
    if state.resource != "users" or state.mirror is None:
        return []
    if settled.outcome not in ("created", "updated", "removed") and settled.mirror != "delete":
        return []
    held = email_of(state.mirror.document)
    now = email_of(settled.held)
    had = {e.lower() for e in (held, *state.mirror.sending) if e} - {(now or "").lower()}
    return [{"key": state.key, "email": e, "cause": state.message_id} for e in sorted(had)]


def email_of(document: str | None) -> str | None:
    """The e-mail in a user's document (JSON text).

    >>> email_of('{"email": "a@example.nl"}')
    'a@example.nl'
    """
    return json.loads(document).get("email") if document else None
