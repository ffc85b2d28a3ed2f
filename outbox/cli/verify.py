"""outbox verify"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from outbox.cli.clouds import ask_cloud
from outbox.cli.opening import Opened, opened
from outbox.cli.printing import count, print_json, print_table, printable
from outbox.config import Settings
from outbox.desired_views import served_targets
from outbox.errors import InstallError
from outbox.operator.status import read_status
from outbox.register.request import find_relay
from outbox.relay.connection import Connection
from outbox.resources import RESOURCES, TARGETS
from outbox.targets.listing import Listing
from outbox.verify import Finding, Verified
from outbox.verify import verify as verify_target

DIFFERENT, UNKNOWN = 1, 3
SHOWN = 20


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*TARGETS, *RESOURCES]), metavar="[TARGET] [RESOURCE]...")
@click.option("--repair", is_flag=True, help="Set back what differs: ordinary messages, which the relay sends.")
@click.option("--all", "show_all", is_flag=True, help=f"List every object, not the first {SHOWN} of each kind.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
def verify(names: tuple[str, ...], repair: bool, show_all: bool, as_json: bool) -> int:
    """Compare what a cloud really holds with what it should hold.

    Reads every list of TARGET (else of all that are active), or of some RESOURCEs, page by page, and says what is
    missing there, what is different, and what nobody here made (that is listed, and never touched). A list that cannot
    be read whole says nothing: its resource is unknown, and nothing of it is set back. Of an ERP that refuses one
    company, or where it is paused, the others are compared.

    \b
    Ends with
      0  equal
      1  something is missing or different
      3  something is not known

    \b
    Example:
      outbox verify visma_net users companies
    """
    with opened() as at:
        chosen, resources = _choose(at, names), [n for n in names if n in RESOURCES]
        checked = verify_each(at.settings, chosen, resources, repair=repair)
        if not checked:
            views = ", ".join(f"{target}.{resource}" for target in chosen for resource in resources)
            raise InstallError(f"there is nothing to compare: there is no view {views}", "make one as in sql/views")
        idle = [t for t in {c.target for c in checked if c.set_back} if find_relay(at.connection, t) is None]
    if as_json:
        print_json({"verified": [_plain(c) for c in checked]})
    else:
        print_verified(checked, show_all)
        if idle:
            click.echo("no relay is at work: outbox relay --once")
    if any(c.result == "unknown" for c in checked):
        return UNKNOWN
    return DIFFERENT if any(c.result == "different" for c in checked) else 0


def _choose(at: Opened, names: Sequence[str]) -> list[str]:
    served = served_targets(at.connection)
    chosen = [n for n in names if n in TARGETS] or _active(at, served)
    for target in chosen or ["any active target"]:
        if target not in served:
            raise InstallError(f"there is nothing to compare for {target}", "outbox register")
    return list(dict.fromkeys(chosen))


def _active(at: Opened, served: Sequence[str]) -> list[str]:
    active = [s.target for s in read_status(at.connection) if s.active_since is not None]
    return [t for t in served if t in active]


def verify_each(
    settings: Settings, targets: Iterable[str], resources: Sequence[str] = (), *, repair: bool = False
) -> list[Verified]:
    def verify_one(connection: Connection, listing: Listing) -> Coroutine[Any, Any, list[Verified]]:
        return verify_target(connection, listing, resources, repair=repair)

    return [found for target in targets for found in ask_cloud(settings, target, verify_one)]


def _plain(verified: Verified) -> dict[str, object]:
    counts = {kind: verified.count(kind) for kind in ("missing", "different", "unmanaged")}
    findings = [{k: v for k, v in asdict(f).items() if k != "resource"} for f in verified.findings]
    return {**asdict(verified), **counts, "findings": findings}


def print_verified(checked: Sequence[Verified], show_all: bool = False) -> None:
    head = ("target", "resource", "in the cloud", "missing", "different", "unmanaged", "result")
    print_table(head, [(c.target, c.resource, *_numbers(c), c.result) for c in checked])
    for c in checked:
        if c.why:
            click.echo(f"{c.target} {c.resource} is unknown{f' {c.in_part}' if c.in_part else ''}: {c.why}")
        for kind in ("missing", "different", "unmanaged"):
            found = [f for f in c.findings if f.kind == kind]
            for finding in found if show_all else found[:SHOWN]:
                click.echo(_line(c.target, finding))
            if len(found) > SHOWN and not show_all:
                click.echo(f"  and {len(found) - SHOWN} more {kind}: --all")
        if c.set_back:
            click.echo(f"{c.target} {c.resource}: {count(c.set_back, 'message')} to set that back")


def _numbers(verified: Verified) -> tuple[object, ...]:
    if verified.result == "unknown" and not verified.unread:
        return ("-",) * 4
    return (verified.listed, *(verified.count(kind) for kind in ("missing", "different", "unmanaged")))


def _line(target: str, finding: Finding) -> str:
    name = finding.name if finding.is_ours else f"{finding.name or '(no name)'} ({finding.remote_id})"
    return printable(f"  {target} {finding.resource} {name}: {finding.what}")
