"""A key as a command is given one."""

from __future__ import annotations

from collections.abc import Sequence

import click

from outbox.resources import RESOURCES
from outbox.words import Words


def check_key(resource: str, key: Sequence[str], say: Words, *, whole: bool) -> None:
    """Raises UsageError for one that cannot be. whole: the beginning of one is not enough."""
    columns = RESOURCES[resource].key
    if "" in key:
        raise click.UsageError(say("a value of the key is empty"))
    if len(key) > len(columns) or (whole and len(key) < len(columns)):
        raise click.UsageError(
            say(
                "the key of {resource} is {columns}: {values}, not {given}",
                resource=say.resource(resource),
                columns=", ".join(map(say.column, columns)),
                values=say.count(len(columns), "value"),
                given=say.number(len(key)),
            )
        )
