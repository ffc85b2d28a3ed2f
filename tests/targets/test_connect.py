"""A target is connected by its settings alone; what is wrong with them is said before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from outbox.config import Secret, TargetSettings
from outbox.errors import ConfigError
from outbox.resources import RESOURCES, TARGETS
from outbox.targets import connect
from outbox.targets.delivery import Action
from tests.lane import eventually
from tests.targets.cloud import Cloud, delivery, person
from tests.targets.raw import RawServer, silence

SETTINGS = TargetSettings("visma_net", client_id="client", client_secret=Secret("secret"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "exact_online"}, "there is no target 'exact_online'"),
        ({"client_id": ""}, "client_id and client_secret"),
        ({"client_secret": Secret("")}, "client_id and client_secret"),
        ({"token_url": "http://connect.example.com"}, "token_url of visma_net"),
        ({"identity_url": "nonsense"}, "identity_url of visma_net"),
        ({"erp_url": "https://10.1.2.3/v1"}, "allow_private_hosts"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], words: str) -> None:
    """One sentence, before anything is sent."""
    with pytest.raises(ConfigError) as caught:
        connect(replace(SETTINGS, **changes))
    assert words in caught.value.why


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_connected_and_named(open_cloud: Callable[..., Cloud], name: str) -> None:
    """The two of the house."""
    assert open_cloud(name).target.name == name


def test_accountview_net_has_no_erp(accountview_net: Cloud) -> None:
    """A fault of ours is an outcome, not an exception: the batch goes on."""
    (outcome,) = accountview_net.deliver_batch(delivery("projects", ("001", "P1"), parents=("t1",)))
    assert isinstance(outcome, ValueError)
    assert accountview_net.sent == []


def test_a_fault_of_ours_in_a_group_is_the_outcome_of_all(visma_net: Cloud) -> None:
    """One entry per delivery, whatever happens."""
    outcomes = visma_net.deliver_batch(*(delivery("cost_types", ("001", str(i))) for i in range(3)))
    assert len(outcomes) == 3
    assert all(isinstance(o, Exception) for o in outcomes)


@pytest.mark.parametrize(
    ("resource", "remote_id"),
    [
        ("users", "u"),
        ("companies", "t"),
        ("company_access", "t/u"),
        ("app_access", "t/u/a"),
    ],
)
def test_what_the_cloud_never_had_can_be_removed(accountview_net: Cloud, resource: str, remote_id: str) -> None:
    """404 in the API's own JSON: done, for every resource of the identity API."""
    key = tuple("x" for _ in RESOURCES[resource].key)
    accountview_net.done(resource, *key, action=Action.REMOVE, remote_id=remote_id)


def test_a_cancelled_delivery_is_recorded_as_such(raw: RawServer, raw_cloud: Cloud) -> None:
    """The relay gives up at the end of its grace time: the call has left, and there is evidence of it."""
    raw.answers = [silence]

    async def give_up() -> None:
        update = delivery("users", ("jansen",), Action.UPDATE, remote_id="u1", document=person())
        task = asyncio.create_task(raw_cloud.target.deliver([update], raw_cloud.owner, raw_cloud.log))
        await asyncio.to_thread(eventually, lambda: raw.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    raw_cloud.run(give_up())
    assert [call.error for _, call in raw_cloud.calls] == ["cancelled"]
