"""The part of `outbox register` that meets a cloud which was kept by hand, and its --force."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import click

from outbox.cli.opening import Opened
from outbox.cli.printing import count
from outbox.errors import CloudError, CloudUnavailable, LinkRefused, NotAllowed, NotPermitted
from outbox.operator.status import read_status
from outbox.register.first_contact import Contact, Match, doubt_all, meet, settle
from outbox.relay.connection import connect
from outbox.targets.delivery import Key
from outbox.verify import reading

SHOWN = 20
_ONE = {"users": "user", "companies": "company"}


@dataclass
class Meeting:
    """compare_remote: read the clouds also where it is not the first contact. matches: link, beside, or None: ask."""

    compare_remote: bool
    matches: str | None
    force: bool
    contacts: list[Contact] = field(default_factory=list)
    decided: list[Contact] = field(default_factory=list)

    def meet(self, at: Opened, targets: Sequence[str], *, dry_run: bool, quiet: bool = False) -> None:
        """Before a target's first register, what its cloud holds is read and shown. Raises CloudUnavailable,
        NotPermitted: without it nobody knows beside what things would be made.
        """
        known = {s.target for s in read_status(at.connection) if s.active_since is not None}
        for target in targets:
            if self.compare_remote or (target not in known and not dry_run):
                self.contacts.append(asyncio.run(_meet(at, target)))
                if not quiet:
                    _print(self.contacts[-1])
        if self.force and not quiet:
            click.echo("--force: what is linked is sent again, also where nothing changed")

    def decide(self) -> None:
        """Raises LinkRefused where something cannot be linked, UsageError where there is nobody to ask."""
        self.decided = [self._decide(contact) for contact in self.contacts]

    def _decide(self, contact: Contact) -> Contact:
        if not contact.open:
            return contact
        how = self.matches or _ask(contact)
        if how == "beside":
            return contact.linking(())
        unclear = [m for m in contact.open if not m.can_link]
        if how == "link" and unclear:
            raise LinkRefused(
                f"{contact.target}: {_line(unclear[0]).strip()}; that cannot be linked without a person",
                "outbox link for the right one, or --matches beside to make new ones beside them",
            )
        return contact.linking(m for m in contact.open if how == "link" or (m.can_link and _confirmed(m)))

    def settle(self, at: Opened, targets: Sequence[str], resources: Sequence[str], key: Key) -> None:
        """In the transaction of the register."""
        for asked, decided in zip(self.contacts, self.decided, strict=True):
            settle(at.connection, asked, decided)
        for target in targets if self.force else ():
            doubt_all(at.connection, target, resources, key)


def meeting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, handed to the command as `meeting`."""

    @wraps(command)
    def with_meeting(*, compare_remote: bool, matches: str | None, force: bool, **rest: Any) -> Any:
        return command(meeting=Meeting(compare_remote, matches, force), **rest)

    options = (
        click.option("--force", is_flag=True, help="Send everything again; nobody is invited twice."),
        click.option("--compare-remote", is_flag=True, help="Read the clouds, show what in them may be ours."),
        click.option(
            "--matches",
            type=click.Choice(["link", "beside"]),
            help="What a cloud holds under the same name or number: link it, or make new ones beside it. Else asked.",
        ),
    )
    for option in options:
        with_meeting = option(with_meeting)
    return with_meeting


async def _meet(at: Opened, target: str) -> Contact:
    try:
        async with (
            await connect(at.settings.dsn.reveal()) as connection,
            reading(connection, at.settings.targets[target]) as listing,
        ):
            return await meet(connection, listing)
    except NotAllowed as e:
        raise NotPermitted(f"{target} does not show what it holds: {e.why}", "put that right, then once more") from None
    except CloudError as e:
        raise CloudUnavailable(f"{target} does not show what it holds: {e.why}", "once more, later") from None


def _print(contact: Contact) -> None:
    """What will be linked, what has to be decided, what is left as it is."""
    if contact.to_link:
        click.echo(f"{contact.target}: {count(len(contact.to_link), 'row')} will be linked to what is there already")
    if contact.open:
        click.echo(f"{contact.target} holds {count(len(contact.open), 'thing')} that may be ours:")
        _print_some([_line(m) for m in contact.open])
    if contact.others:
        click.echo(f"{contact.target} holds {count(len(contact.others), 'thing')} that nobody here made; they stay:")
        _print_some([f"  {_ONE[resource]} {h.name or '(no name)'} ({h.remote_id})" for resource, h in contact.others])


def _print_some(lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        click.echo(line)
    if len(lines) > SHOWN:
        click.echo(f"  and {len(lines) - SHOWN} more")


def _line(match: Match) -> str:
    there = ", ".join(f"{h.name or '(no name)'} ({h.remote_id})" for h in match.held)
    ours = " or ".join(" ".join(key) for key in match.keys)
    foreign = " with an external id of something else" if any(h.columns.get("external_id") for h in match.held) else ""
    return f"  {_ONE[match.resource]} {there}{foreign} has the {match.by} of {ours}"


def _ask(contact: Contact) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"{contact.target} holds things that may be ours, and there is nobody to ask: "
            "say --matches link, or --matches beside"
        )
    return str(
        click.prompt(
            "Link them, ask about each, or make new ones beside them?", type=click.Choice(["link", "each", "beside"])
        )
    )


def _confirmed(match: Match) -> bool:
    return click.confirm(f"{_line(match).strip()}: link?")
