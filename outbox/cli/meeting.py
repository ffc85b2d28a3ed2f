"""The part of `outbox register` that meets a cloud which was kept by hand, and its --force."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import click

from outbox.cli.asking import agrees
from outbox.cli.clouds import ask_cloud
from outbox.cli.opening import Opened
from outbox.cli.printing import printable
from outbox.errors import CloudError, CloudUnavailable, LinkRefused, NotAllowed, NotPermitted
from outbox.operator.status import read_status
from outbox.register.first_contact import Contact, Match, doubt_all, meet, read_contact
from outbox.targets.delivery import Key
from outbox.targets.held import Held
from outbox.words import Words

SHOWN = 20


@dataclass
class Meeting:
    """compare_remote: read the clouds also where it is not the first contact. matches: link, beside, or None: ask."""

    compare_remote: bool
    matches: str | None
    force: bool
    contacts: list[Contact] = field(default_factory=list)
    decided: list[Contact] = field(default_factory=list)

    def read(self, at: Opened, targets: Sequence[str], say: Words, *, dry_run: bool, quiet: bool = False) -> None:
        """Before a target's first register, what its cloud holds is read and shown. Raises CloudUnavailable,
        NotPermitted: without it nobody knows beside what things would be made.
        """
        known = {s.target for s in read_status(at.connection) if s.active_since is not None}
        for target in targets:
            if self.compare_remote or (target not in known and not dry_run):
                self.contacts.append(_read(at, target))
                if not quiet:
                    _print(self.contacts[-1], say)
        if self.force and not quiet:
            click.echo(say("--force: what is linked is sent again, also where nothing changed"))

    def decide(self, say: Words) -> None:
        """Raises LinkRefused where something cannot be linked, UsageError where there is nobody to ask."""
        self.decided = [self._decide(contact, say) for contact in self.contacts]

    def _decide(self, contact: Contact, say: Words) -> Contact:
        if not contact.open:
            return contact
        how = self.matches or _ask(contact, say)
        if how == "beside":
            return contact.linking(())
        unclear = [m for m in contact.open if not m.can_link]
        if how == "link" and unclear:
            raise LinkRefused(
                say("{line}; that cannot be linked without a person", line=_line(unclear[0], say)),
                say("outbox link for the right one, or --matches beside to make new ones beside them"),
            )
        return contact.linking(m for m in contact.open if how == "link" or (m.can_link and _confirmed(m, say)))

    def write(self, at: Opened, targets: Sequence[str], resources: Sequence[str], key: Key) -> None:
        """In the transaction of the register."""
        for asked, decided in zip(self.contacts, self.decided, strict=True):
            meet(at.connection, asked, decided)
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


def _read(at: Opened, target: str) -> Contact:
    try:
        return ask_cloud(at.settings, target, read_contact)
    except NotAllowed as e:
        raise NotPermitted(f"{target} does not show what it holds: {e.why}", "put that right, then once more") from None
    except CloudError as e:
        raise CloudUnavailable(f"{target} does not show what it holds: {e.why}", "once more, later") from None


def _print(contact: Contact, say: Words) -> None:
    """What will be linked, what has to be decided, what is left as it is."""
    cloud = say.cloud(contact.target)
    if contact.to_link:
        rows = say.count(len(contact.to_link), "row")
        click.echo(say("{cloud}: {rows} will be linked to what is there already", cloud=cloud, rows=rows))
    if contact.open:
        things = say.count(len(contact.open), "thing")
        click.echo(say("{cloud} holds {things} that may be ours:", cloud=cloud, things=things))
        _print_some([_line(m, say) for m in contact.open], say)
    if contact.others:
        things = say.count(len(contact.others), "thing")
        click.echo(say("{cloud} holds {things} that nobody here made, left as before:", cloud=cloud, things=things))
        _print_some([say.one(resource, _held(h, say)) for resource, h in contact.others], say)


def _print_some(lines: Sequence[str], say: Words) -> None:
    for line in lines[:SHOWN]:
        click.echo(f"  {line}")
    if len(lines) > SHOWN:
        click.echo("  " + say("and {number} more", number=say.number(len(lines) - SHOWN)))


def _held(held: Held, say: Words) -> str:
    return f"{printable(held.name) or say('(no name)')} ({held.remote_id})"


def _line(match: Match, say: Words) -> str:
    foreign = any(h.columns.get("external_id") for h in match.held)
    there = say.one(match.resource, ", ".join(_held(h, say) for h in match.held))
    return say(
        "{there} has the {by} of {ours}",
        there=say("{there} with an external id of something else", there=there) if foreign else there,
        by=say.heading(match.by),
        ours=", ".join(" ".join(key) for key in match.keys),
    )


def _ask(contact: Contact, say: Words) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            say(
                "{cloud} holds things that may be ours, and there is nobody to ask: say --matches link, or"
                " --matches beside",
                cloud=say.cloud(contact.target),
            )
        )
    question = say("Link them, ask about each, or make new ones beside them?")
    return str(click.prompt(question, type=click.Choice(["link", "each", "beside"])))


def _confirmed(match: Match, say: Words) -> bool:
    return agrees(say("{line}: link?", line=_line(match, say)), say)
