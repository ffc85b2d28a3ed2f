"""Random concurrent transactions, a relay that is killed, answers that are lost: in the end the clouds are equal.

    python -m pytest tests/faults --rounds 5000 --seed 7      more of them, and which
    python -m pytest tests/faults --soak                      also that planted mistakes are caught (up to half an hour)

The seed of a run is printed when it begins, and of a round that ends wrong at once, with what it found and a file with
all that it left behind: also when the run is interrupted. `--seed N --rounds 1` plays that round again (the timing of
threads is its own).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

import psycopg
import pytest

from outbox import sandbox
from tests.conftest import Server, fill_installed
from tests.faults import plants, rounds


@dataclass(frozen=True)
class World:
    dsn: str
    base_url: str


@pytest.fixture(scope="module")
def world(server: Server) -> Iterator[World]:
    with server.cloned(server.template("installed", fill_installed)) as dsn, sandbox.running() as base_url:
        yield World(dsn, base_url)


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--seed")
    return random.randrange(2**32) if given is None else int(given)


@contextmanager
def _reported(world: World, seed: int, say: Callable[[str], None]) -> Iterator[list[str]]:
    """Around one round: whatever ends it, its seed is told where a person sees it, and what it left behind is kept."""
    wrong: list[str] = []
    try:
        yield wrong
    except BaseException as e:
        wrong.append(repr(e))
        raise
    finally:
        if wrong:
            kept = Path(gettempdir()) / f"outbox-round-{seed}.txt"
            say(f"python -m pytest tests/faults --rounds 1 --seed {seed}   # {'; '.join(wrong)}; see {kept}")
            kept.write_text("\n".join(wrong) + "\n" + rounds.trace(world.dsn, world.base_url))


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Past pytest, which shows what is printed only when a test is over."""

    def aloud(text: str) -> None:
        with capfd.disabled():
            print(f"\n{text}", file=sys.stderr, flush=True)

    return aloud


def test_many_short_rounds_end_equal(
    world: World, seed: int, request: pytest.FixtureRequest, say: Callable[[str], None]
) -> None:
    """I1 to I5: nothing lost, nothing made up, the last state wins, target = view, nobody invited twice."""
    count = int(request.config.getoption("--rounds"))
    wrong: dict[int, list[str]] = {}
    say(f"python -m pytest tests/faults --rounds {count} --seed {seed}")
    with rounds.relays(world.dsn, world.base_url) as relays:
        for n in range(seed, seed + count):
            with _reported(world, n, say) as found:
                found += rounds.play(world.dsn, world.base_url, relays, n)
            wrong |= {n: found} if found else {}
    assert not wrong, f"{len(wrong)} of {count} rounds ended wrong, by their seeds: {wrong}"


@pytest.mark.soak
@pytest.mark.parametrize("plant", plants.PLANTS)
def test_the_harness_catches_a_planted_mistake(world: World, seed: int, plant: str) -> None:
    """A harness that has never caught anything says nothing: each known mistake must be found within some rounds."""
    with rounds.relays(world.dsn, world.base_url, plant) as relays:
        assert _caught(world, relays, seed, plants.PLANTS[plant][1]), f"{plant!r} was not caught, seed {seed}"


@pytest.mark.soak
def test_the_harness_catches_keys_resolved_in_the_trigger(world: World, seed: int, server: Server) -> None:
    """Two transactions that each miss the other's uncommitted row: only keys resolved after commit see both."""
    with server.cloned("installed") as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute((Path(__file__).parent / "resolve_early.sql").read_text())
        with rounds.relays(dsn, world.base_url) as relays:
            assert _caught(World(dsn, world.base_url), relays, seed, "opens"), f"not caught, seed {seed}"


def _caught(world: World, relays: rounds.Relays, seed: int, theme: str | None) -> bool:
    return any(rounds.play(world.dsn, world.base_url, relays, seed + n, theme) for n in range(1000))
