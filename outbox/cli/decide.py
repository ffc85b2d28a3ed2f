"""outbox approve, reject, retry, skip"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click

from outbox.cli.asking import agreed
from outbox.cli.keys import check_key
from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json, print_table
from outbox.errors import NothingFound
from outbox.operator.decide import About, Decision, Stuck, decide, find
from outbox.resources import RESOURCES, TARGETS
from outbox.targets.delivery import Key
from outbox.words import Words

SHOWN_KEYS = 10
_QUESTIONS = {"held": "held", "dead": "dead", "pending": "oldest_pending"}  # who tells of what is in which status
_ID = click.IntRange(0, 2**63 - 1)
_DONE = {
    Decision.APPROVE: "approved",
    Decision.REJECT: "rejected",
    Decision.RETRY: "to be tried again",
    Decision.SKIP: "skipped",
}
_CALLS = {"create": "create", "update": "update", "remove": "remove", "recreate": "create again", None: "-"}


def _meant(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that the four commands share."""
    for add in (
        click.option("--json", "as_json", is_flag=True, help="The result for a program."),
        click.option("--yes", is_flag=True, help="Do not ask, however many they are."),
        click.option("--message", "messages", type=_ID, multiple=True, metavar="ID", help="A message, by its id."),
        click.option("--batch", type=_ID, metavar="N", help="What one brake held together; its words name the number."),
        click.argument("key", nargs=-1),
        click.argument("resource", required=False, type=click.Choice(list(RESOURCES)), metavar="[RESOURCE]"),
        click.argument("target", required=False, type=click.Choice(TARGETS), metavar="[TARGET]"),
    ):
        command = add(command)
    return command


@click.command()
@_meant
@click.option("--reason", help="Why, for those who look it up later.")
def approve(**given: Any) -> None:
    """Let what is held pass, once.

    Name it by TARGET RESOURCE KEY..., a whole resource by leaving the key out, or with --batch or --message. Approved
    is what was held: a removal, a new user, a right of access; that a user is the same person although his name and
    e-mail all changed; that one who is gone from the cloud is created again.

    \b
    Examples:
      outbox approve --batch 4711
      outbox approve visma_net users JANSEN
    """
    _decide(Decision.APPROVE, **given)


@click.command()
@_meant
@click.option("--reason", required=True, help="Why, for those who look it up later.")
def reject(**given: Any) -> None:
    """Do not do what is held, and do not ask again.

    The cloud stays as it is until the row changes.

    \b
    Examples:
      outbox reject --batch 4711 --reason "the import was wrong, it is put right tonight"
      outbox reject visma_net users JANSEN --reason "he still works for us until May"
    """
    _decide(Decision.REJECT, **given)


@click.command()
@_meant
@click.option("--reason", help="Why, for those who look it up later.")
def retry(**given: Any) -> None:
    """Try again now what was refused or waits for its next attempt.

    Also what is held and no approval can settle, such as an e-mail that two users have: when the rows are put right.

    \b
    Examples:
      outbox retry visma_net projects
      outbox retry --message 4711
    """
    _decide(Decision.RETRY, **given)


@click.command()
@_meant
@click.option("--reason", required=True, help="Why, for those who look it up later.")
def skip(**given: Any) -> None:
    """Drop what is held or refused. Nothing is remembered: the next change of the row is sent as ever.

    \b
    Example:
      outbox skip visma_net projects 001 P0500 --reason "a test, nobody needs it"
    """
    _decide(Decision.SKIP, **given)


def _decide(
    decision: Decision,
    target: str | None,
    resource: str | None,
    key: Key,
    batch: int | None,
    messages: tuple[int, ...],
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    about = About(target, resource, key, batch, messages)
    _check(decision, about, reason)
    with opened() as at:
        found = find(at.connection, about)
        stuck = [s for s in found if s.takes(decision)]
        if not stuck:
            raise _nothing(decision, about, found)
        if len(stuck) > 1 and not yes:
            _ask(decision, stuck)
        ids = decide(at.connection, decision, stuck, reason)
        if not ids:
            raise NothingFound("somebody else decided about it a moment ago", "outbox status")
    left = [s for s in found if not s.takes(decision)] if decision is Decision.APPROVE else []
    if as_json:
        keys = [asdict(s) for s in stuck]
        print_json({"decision": decision, "messages": ids, "keys": keys, "left": [asdict(s) for s in left]})
        return
    click.echo(f"{_DONE[decision]}: {_summary(stuck)}")
    for s in left:
        click.echo(f"stays held: {_name(s)}: {s.error}")


def _check(decision: Decision, about: About, reason: str | None) -> None:
    if not (about.target or about.batch or about.messages):
        raise click.UsageError("say what is meant: TARGET [RESOURCE [KEY...]], --batch or --message")
    if about.resource:
        check_key(about.resource, about.key, Words(), whole=False)
    if decision in (Decision.REJECT, Decision.SKIP) and not (reason or "").strip():
        raise click.UsageError(f"{decision} needs a --reason that says something")


def _nothing(decision: Decision, about: About, found: Sequence[Stuck]) -> NothingFound:
    """Why this decision is none about what is meant, and which would be."""
    what = {"approve": "held", "reject": "held", "skip": "held or dead", "retry": "dead or waiting"}[decision]
    if not found:
        return NothingFound(f"nothing of {_described(about)} is {what}", "outbox status")
    first = found[0]
    if decision is Decision.APPROVE and first.status == "held":
        hint = "say whose account it is with outbox link, or change the rows; then outbox retry"
        return NothingFound(f"an approval cannot settle {_name(first)}: {first.error}", hint)
    hint = "outbox approve or outbox reject" if first.status == "held" else "outbox retry or outbox skip"
    return NothingFound(f"{_name(first)} is {first.status}, not {what}: {first.error}", hint)


def _ask(decision: Decision, stuck: Sequence[Stuck]) -> None:
    kinds = Counter((s.target, s.resource, s.status, _CALLS[s.withheld]) for s in stuck)
    head = ("target", "resource", "status", "would", "keys")
    print_table(head, [(*kind, number) for kind, number in sorted(kinds.items())])
    for s in stuck[:SHOWN_KEYS]:
        click.echo(f"  {_name(s)}: {s.error}")
    if len(stuck) > SHOWN_KEYS:
        questions = sorted({_QUESTIONS[s.status] for s in stuck})
        click.echo(f"  and {len(stuck) - SHOWN_KEYS} more: outbox audit {', '.join(questions)}")
    question = f"{str(decision).capitalize()} {count(len(stuck), 'key')}?"
    agreed(question, f"{decision} asks before it decides about many", yes=False)


def _summary(stuck: Sequence[Stuck]) -> str:
    kinds: dict[tuple[str, str, str], list[Stuck]] = {}
    for s in stuck:
        kinds.setdefault((s.target, s.resource, _CALLS[s.withheld]), []).append(s)
    return ", ".join(_kind(call, group) for (_, _, call), group in sorted(kinds.items()))


def _kind(call: str, group: Sequence[Stuck]) -> str:
    first = group[0]
    what = _name(first) if len(group) == 1 else f"{first.target} {first.resource} {count(len(group), 'key')}"
    return what if call == "-" else f"{what} ({call})"


def _name(s: Stuck) -> str:
    return " ".join((s.target, s.resource, *(s.key or ["(not expanded)"])))


def _described(about: About) -> str:
    parts = [*filter(None, (about.target, about.resource)), *about.key]
    parts += [f"batch {about.batch}"] if about.batch else []
    parts += [f"message {i}" for i in about.messages]
    return " ".join(parts)
