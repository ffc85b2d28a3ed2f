"""Mistakes to plant in a relay, to see that the harness catches them. Each changes one thing, in that process alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

from outbox import sqlfiles
from outbox.config import CompanySettings
from outbox.relay import lane, schedule
from outbox.relay.schedule import Decision, State
from outbox.targets.keys import known_remote_id

PROJECT_DEFAULTS = CompanySettings(template="STD")


def _edit(name: str, old: str, new: str) -> None:
    text, read = sqlfiles.read(name), sqlfiles.read
    assert old in text, f"{name} no longer has the lines that the plant removes"
    edited = text.replace(old, new)

    @cache
    def planted(asked: str) -> str:
        return edited if asked == name else read(asked)

    sqlfiles.read = planted


def expand_without_pending() -> None:
    """Expand to what the view and the acknowledged mirror show, and forget what is under way.

    Both lines go, since an intent is committed before its call: a key in flight is in the mirror as well as in a
    message, and one of them alone still finds it.
    """
    _edit(
        "relay/expand.sql",
        "    JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND {key_match}\n",
        "    JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND {key_match}\n"
        "    WHERE m.in_doubt IS NULL\n",
    )
    _edit("relay/expand.sql", "m.status <> 'done'", "false")


def skip_doubt() -> None:
    """Take a key in doubt for certain: what the mirror showed before counts."""
    decide = schedule.decide

    def planted(state: State, deadline_s: float) -> Decision:
        if state.mirror is not None:
            state = dataclasses.replace(state, mirror=dataclasses.replace(state.mirror, in_doubt_s=None))
        return decide(state, deadline_s)

    vars(lane)["decide"] = planted
    _edit("relay/expand.sql", "OR h.in_doubt IS NOT NULL", "")


def keep_children() -> None:
    """Leave a child unchanged though its parent went, or has got another remote id."""
    decide = schedule.decide

    def planted(state: State, deadline_s: float) -> Decision:
        if state.mirror is not None and None not in state.parents:
            parents = tuple(p or "" for p in state.parents)
            remote_id = known_remote_id(state.resource, state.key, parents) or state.mirror.remote_id
            mirror = dataclasses.replace(state.mirror, parents=state.parents, remote_id=remote_id)
            state = dataclasses.replace(state, mirror=mirror)
        return decide(state, deadline_s)

    vars(lane)["decide"] = planted
    _edit("relay/expand.sql", "OR h.parents IS DISTINCT FROM {present_parents}", "")
    _edit("relay/remove_children.sql", "AND m.in_doubt IS NULL", "AND false")


# name -> the mistake, and the theme of world.py in which it is met soonest; None: in mixed rounds
PLANTS: dict[str, tuple[Callable[[], Any], str | None]] = {
    "expand without pending": (expand_without_pending, None),
    "skip in doubt": (skip_doubt, "rebirth"),
    "keep children": (keep_children, "rebirth"),
}
