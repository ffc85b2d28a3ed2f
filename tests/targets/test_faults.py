"""A bounded load with every fault at once: the cloud ends as it was wanted, and nobody is mailed twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outbox.errors import PlatformDown, Transient, Unknown
from outbox.targets.delivery import Action, Delivered, Delivery, Outcome
from tests.targets.cloud import Cloud, delivery, firm, person, work

GIVEN_IDS = ("users", "companies")
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 500, "body": {"message": "deadlock"}},
    {"kind": "status_after", "status": 500, "body": ""},
    {"kind": "status_after", "status": 504},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "html", "status": 200},
    {"kind": "html", "status": 404},
    {"kind": "empty"},
    {"kind": "retry_after", "retry_after": 1},
)


def next_try(tried: Delivery, outcome: Outcome) -> Delivery | None:
    """What the relay would do next; None: done. Anything but a passing failure is a fault of the test."""
    if isinstance(outcome, Delivered):
        if tried.action is not Action.LOOK:
            return None
        found = Action.UPDATE if outcome.remote_id else Action.CREATE
        return replace(tried, action=found, remote_id=outcome.remote_id)
    if isinstance(outcome, Unknown):
        look = tried.resource in GIVEN_IDS and tried.remote_id is None
        return replace(tried, action=Action.LOOK if look else tried.action, in_doubt=True)
    assert isinstance(outcome, Transient | PlatformDown), repr(outcome)
    return tried


def insist(cloud: Cloud, *batch: Delivery) -> list[str]:
    """Tries until all of it is delivered; the remote ids."""
    left = dict(enumerate(batch))
    made: dict[int, str] = {}
    for _ in range(100):
        outcomes = cloud.deliver_batch(*left.values())
        for (place, tried), outcome in zip(tuple(left.items()), outcomes, strict=True):
            again = next_try(tried, outcome)
            if again is not None:
                left[place] = again
                continue
            del left[place]
            if isinstance(outcome, Delivered) and outcome.remote_id:
                made[place] = outcome.remote_id
                cloud.owners[(tried.resource, outcome.remote_id)] = tried.key
        if not left:
            return [made[place] for place in sorted(made)]
    raise AssertionError(f"not delivered after 100 tries: {left}")


@pytest.mark.parametrize("seed", range(1, 9))
def test_under_all_faults_at_once_the_cloud_ends_as_wanted(visma_net: Cloud, seed: int) -> None:
    """3 % of each fault, on tokens too; the seed is in the test's name."""
    for number, fault in enumerate(FAULTS):
        visma_net.fault(**fault, probability=0.03, seed=100 * seed + number)
    companies = [firm(name=f"BV {i}") for i in range(3)]
    people = [person(email=f"u{i}@bedrijf.nl") for i in range(15)]
    tenants = [
        insist(visma_net, delivery("companies", (f"00{i}",), document=d, sending=(f"AV1-00{i}",)))[0]
        for i, d in enumerate(companies)
    ]
    users = [
        insist(visma_net, delivery("users", (f"u{i}",), document=d, sending=(d["email"],)))[0]
        for i, d in enumerate(people)
    ]
    for i, user in enumerate(users):
        insist(visma_net, delivery("company_access", (f"u{i}", "000"), parents=(user, tenants[0])))
    for i in range(15):
        insist(visma_net, delivery("projects", ("001", f"P{i}"), document=work(), parents=(tenants[1],)))
    document = {"description": "Verkoop", "active": True}
    codes = [f"{i:02}" for i in range(50)]
    batch = [delivery("cost_centres", ("002", c), document=document, parents=(tenants[2],)) for c in codes]
    insist(visma_net, *batch)
    assert sum(fault["hit"] for fault in visma_net.ask("GET", "/sandbox/faults")) > 10
    state = visma_net.state
    assert sorted(u["email"] for u in state["users"].values()) == sorted(d["email"] for d in people)
    assert sorted(visma_net.invited) == sorted(d["email"] for d in people)
    assert {t["external_id"] for t in state["tenants"].values()} == {"AV1-000", "AV1-001", "AV1-002"}
    assert sorted(state["tenant_users"]) == sorted([tenants[0], user] for user in users)
    assert sorted(state["projects"][tenants[1]]) == sorted(f"P{i}" for i in range(15))
    assert state["segments"][tenants[2]]["2"] == dict.fromkeys(codes, document)
