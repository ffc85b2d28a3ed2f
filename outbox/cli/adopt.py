"""outbox adopt"""

from __future__ import annotations

import click

from outbox.cli.asking import agreed_by_typing
from outbox.cli.opening import opened
from outbox.cli.printing import print_json
from outbox.install.identity import adopt as adopt_here
from outbox.install.identity import read_identity


@click.command()
@click.option("--why", metavar="TEXT", help="Is kept in outbox.decision.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The result for a program.")
def adopt(why: str | None, yes: bool, as_json: bool) -> None:
    """Let the clouds follow this database, a restored or copied one.

    Until then nothing is sent from it: a copy for tests would write into the clouds of production. Be sure that no
    relay serves the database it came from. Afterwards: outbox verify, since a backup is older than the clouds.

    \b
    Example:
      outbox adopt --why "restored from the backup of Monday"
    """
    with opened() as at:
        identity = read_identity(at.connection)
        if not identity.is_home:
            click.echo(f"the outbox in database {identity.name} {identity.describe()}", err=True)
            agreed_by_typing(identity.name, "the clouds follow this database from now on, and no other", yes)
            adopt_here(at.connection, why)
    if as_json:
        print_json({"adopted": not identity.is_home, "database": identity.name})
    elif identity.is_home:
        click.echo("nothing to do: the outbox belongs to this database")
    else:
        click.echo("adopted; what the mirror has is not taken on trust. Next: outbox verify")
