"""outbox apps"""

from __future__ import annotations

import click

from outbox.cli.clouds import ask_cloud
from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json, print_table
from outbox.errors import CloudError, CloudUnavailable
from outbox.operator.apps import pull, read_apps

# The one cloud that has a catalogue.
TARGET = "accountview_net"


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
@click.pass_context
def apps(context: click.Context, as_json: bool) -> None:
    """The apps that AccountView.Net offers, as last pulled.

    Those of third parties are among them. They are in the table outbox.application, for the application that grants
    them to users. The relay pulls them every hour; `outbox apps pull` does so at once.

    \b
    Examples:
      outbox apps
      outbox apps pull
    """
    if context.invoked_subcommand is not None:
        return
    with opened() as at:
        rows = read_apps(at.connection)
    if as_json:
        print_json({"apps": rows})
    elif not rows:
        click.echo("none yet: outbox apps pull")
    else:
        head = ("target", "app", "name", "vendor", "offered")
        print_table(head, [(r["target"], r["app_code"], r["name"], r["vendor"] or "-", _offered(r)) for r in rows])


@apps.command("pull")
@click.option("--json", "as_json", is_flag=True, help="The numbers, for a program.")
def pull_(as_json: bool) -> None:
    """Bring the list up to date.

    An app that is not listed any more is marked, not deleted. A list that is empty or cannot be read whole changes
    nothing.

    \b
    Example:
      outbox apps pull
    """
    try:
        with opened() as at:
            pulled = ask_cloud(at.settings, TARGET, pull)
    except CloudError as e:
        raise CloudUnavailable(f"the apps of {TARGET} cannot be read: {e.why}") from None
    if as_json:
        print_json({"target": TARGET, **vars(pulled)})
        return
    changes = [
        f"{n} {what}" for n, what in ((pulled.new, "new"), (pulled.back, "back"), (pulled.vanished, "gone")) if n
    ]
    click.echo(f"{TARGET} offers {count(pulled.listed, 'app')}: {', '.join(changes) or 'nothing changed'}")


def _offered(row: dict[str, object]) -> str:
    return f"no longer since {row['vanished_at']:%Y-%m-%d}" if row["vanished_at"] else "yes"
