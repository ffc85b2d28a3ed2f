"""outbox link, outbox unlink"""

from __future__ import annotations

import click

from outbox.cli.asking import agreed
from outbox.cli.clouds import ask_cloud
from outbox.cli.opening import Opened, opened
from outbox.cli.printing import print_json, printable
from outbox.errors import CloudError, CloudUnavailable, LinkRefused
from outbox.operator.link import check_key, check_resource
from outbox.operator.link import link as link_key
from outbox.operator.link import unlink as unlink_key
from outbox.register.request import find_relay
from outbox.resources import RESOURCES, TARGETS
from outbox.targets.delivery import Key
from outbox.targets.held import Held
from outbox.targets.wire import legal_id


@click.command()
@click.argument("target", type=click.Choice(TARGETS), metavar="TARGET")
@click.argument("resource", type=click.Choice(list(RESOURCES)), metavar="RESOURCE")
@click.argument("key", nargs=-1, required=True)
@click.option(
    "--to", "remote_id", required=True, metavar="REMOTE_ID", help="Its id in the cloud, as `verify` shows it."
)
@click.option("--reason", help="Kept with the decision.")
@click.option("--json", "as_json", is_flag=True, help="The result, for a program.")
def link(target: str, resource: str, key: Key, remote_id: str, reason: str | None, as_json: bool) -> None:
    """Say by hand which object of the cloud a KEY is.

    For users and companies that the cloud already holds under another e-mail or number. The object is then sent what
    the view says; nobody is invited. What else hangs on the key follows.

    \b
    Example:
      outbox link accountview_net users JANSEN --to 7d3c0a1e-52a4-4c0e-9f4b-0d3f6b1f2a55 --reason "married name"
    """
    check_resource(resource)
    check_key(resource, key)
    if legal_id(remote_id) is None:
        raise LinkRefused(f"{remote_id!r} is no remote id", "outbox verify lists them")
    with opened() as at:
        held = _find(at, target, resource, remote_id)
        relay = find_relay(at.connection, target)  # which the link interrupts for a moment
        message = link_key(at.connection, target, resource, key, held, reason)
    if as_json:
        _print_json(target, resource, key, held.remote_id, message, relay)
        return
    name = printable(held.name)
    click.echo(f"{resource} {' '.join(key)} is {held.remote_id} ({name}) in {target} from now on")
    _say_what_follows(message, relay)


@click.command()
@click.argument("target", type=click.Choice(TARGETS), metavar="TARGET")
@click.argument("resource", type=click.Choice(list(RESOURCES)), metavar="RESOURCE")
@click.argument("key", nargs=-1, required=True)
@click.option("--reason", help="Kept with the decision.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The result, for a program.")
def unlink(target: str, resource: str, key: Key, reason: str | None, yes: bool, as_json: bool) -> None:
    """Say by hand that a KEY is linked to somebody else's account.

    A user's account is removed from the cloud and he gets a new one, with an invitation. Of a company only the link is
    forgotten: the company stays in the cloud, and is searched there anew.

    \b
    Example:
      outbox unlink accountview_net users JANSEN --reason "the code was given to another person"
    """
    check_resource(resource)
    check_key(resource, key)
    with opened() as at:
        if resource == "users":
            question = f"Remove the account of {' '.join(key)} from {target}, and invite a new one?"
            agreed(question, "unlink asks before it removes an account", yes)
        relay = find_relay(at.connection, target)
        message = unlink_key(at.connection, target, resource, key, reason)
    if as_json:
        _print_json(target, resource, key, None, message, relay)
        return
    click.echo(f"{resource} {' '.join(key)} is not linked any more in {target}")
    _say_what_follows(message, relay)


def _find(at: Opened, target: str, resource: str, remote_id: str) -> Held:
    try:
        held = ask_cloud(at.settings, target, lambda _, listing: listing.find(resource, remote_id))
    except CloudError as e:
        raise CloudUnavailable(f"{target} does not say whether it has {remote_id}: {e.why}") from None
    if held is None:
        raise LinkRefused(f"{target} has no {remote_id} among its {resource}", "outbox verify lists what it has")
    return held


def _say_what_follows(message: int, relay: str | None) -> None:
    then = f"is for the relay that is at work: {relay}" if relay else "waits for a relay: outbox relay --once"
    click.echo(f"message {message} {then}")


def _print_json(target: str, resource: str, key: Key, remote_id: str | None, message: int, relay: str | None) -> None:
    names = ("target", "resource", "key", "remote_id", "message", "relay")
    print_json(dict(zip(names, (target, resource, key, remote_id, message, relay), strict=True)))
