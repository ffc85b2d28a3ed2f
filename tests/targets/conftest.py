"""A sandbox for all tests of the targets, emptied for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from outbox import sandbox
from outbox.config import CompanySettings, Secret, TargetSettings
from tests.targets.cloud import DEADLINE_S, Cloud, ask, settings_for
from tests.targets.raw import RawServer, raw_server


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with sandbox.running() as base_url:
        yield base_url


@pytest.fixture
def open_cloud(sandbox_url: str) -> Iterator[Callable[..., Cloud]]:
    """Connects a target to an empty sandbox; further arguments change its settings."""
    ask(sandbox_url, "POST", "/sandbox/reset")
    with ExitStack() as stack:

        def connect(name: str, **changes: Any) -> Cloud:
            return stack.enter_context(closing(Cloud(sandbox_url, settings_for(sandbox_url, name, **changes))))

        yield connect


@pytest.fixture
def accountview_net(open_cloud: Callable[..., Cloud]) -> Cloud:
    return open_cloud("accountview_net")


@pytest.fixture
def visma_net(open_cloud: Callable[..., Cloud]) -> Cloud:
    return open_cloud("visma_net")


@pytest.fixture
def tenant(visma_net: Cloud) -> str:
    """A company in Visma.net."""
    return visma_net.company()


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


@pytest.fixture
def raw_cloud(raw: RawServer) -> Iterator[Cloud]:
    """visma_net, whose every address is the raw server's."""
    settings = TargetSettings(
        "visma_net",
        identity_url=raw.url,
        erp_url=raw.url,
        token_url=f"{raw.url}/token",
        client_id="client",
        client_secret=Secret("canary-secret"),
        deadline_s=DEADLINE_S,
        defaults=CompanySettings(template="STANDARD"),
    )
    with closing(Cloud(raw.url, settings)) as cloud:
        yield cloud
