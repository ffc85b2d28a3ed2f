"""What a person has to agree to before a register writes anything."""

from __future__ import annotations

import sys

import click

from outbox.cli.asking import agrees
from outbox.errors import NotConfirmed
from outbox.register.preview import Excess, Forecast
from outbox.words import Words


def check_agreed(forecast: Forecast, yes: bool, removals: int | None, say: Words) -> None:
    """Returns when it may go on. Below the limits, and of an active target, nobody is asked.

    Raises NotConfirmed for a number of removals that was not agreed to, click.Abort for a no.
    """
    if removals is not None and removals != forecast.removals:
        raise NotConfirmed(
            say(
                "{agreed} agreed to, and the preview shows {shown}: nothing was done",
                agreed=say.count(removals, "removal"),
                shown=say.number(forecast.removals),
            ),
            f"--yes --removals {forecast.removals}",
        )
    if not (forecast.excesses or forecast.activations):
        return
    many = any(e.what in ("removals", "everything") for e in forecast.excesses)
    if yes and many and removals is None:
        raise NotConfirmed(
            say("so many removals need their number: nothing was done"), f"--yes --removals {forecast.removals}"
        )
    if not yes:
        _ask(forecast, many, say)


def _ask(forecast: Forecast, many: bool, say: Words) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(say("register asks before it writes, and there is nobody to ask: say --yes"))
    if not many:
        if not agrees(say("Register?"), say):
            raise click.Abort
        return
    typed = click.prompt(say("Type the number of removals to go on"), default="", show_default=False)
    if typed.strip() != str(forecast.removals):
        raise NotConfirmed(say("that is not the number of removals: nothing was done"))


def describe(excess: Excess, say: Words) -> str:
    values = {
        "cloud": say.cloud(excess.target),
        "resource": say.resource(excess.resource),
        "limit": say.number(excess.limit),
    }
    match excess.what:
        case "everything":
            return say("{cloud}: all {resource} would be removed", **values)
        case "removals":
            removals = say.count(excess.number, "removal")
            return say("{cloud}: {removals} of {resource}, more than {limit}", removals=removals, **values)
        case "invitations":
            users = say.count(excess.number, "new user")
            return say("{cloud}: {users} would get a mail, more than {limit}", users=users, **values)
        case _:
            grants = say.count(excess.number, "grant of access")
            return say("{cloud}: {grants} ({resource}), more than {limit}", grants=grants, **values)
