"""outbox erase"""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.cli.asking import agreed
from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json
from outbox.errors import EraseRefused
from outbox.operator import erase as erasing
from outbox.operator.erase import PARTS, Erased


@click.command()
@click.option("--subject", required=True, metavar="USER", help="A user code, or an e-mail address.")
@click.option("--dry-run", is_flag=True, help="Say what there is to erase, write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The result, for a program.")
def erase(subject: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase a person's data from what the outbox keeps.

    From documents, errors, reasons and the mirror. Refused while he is in a desired view, or something about him is
    pending, held, dead or in doubt. His user code and the ids that the clouds gave him stay, as evidence; so does
    what a cloud still holds. It may be interrupted and run again, and is recorded in outbox.decision.

    \b
    Example:
      outbox erase --subject JANSEN --dry-run
    """
    if not subject.strip():
        raise click.BadParameter("whose data?", param_hint="'--subject'")
    with opened() as at:
        person = erasing.find_person(at.connection, subject.strip())
        found = erasing.preview(at.connection, person)
        if not dry_run and found.total:
            agreed(f"Erase {_words(found)}? It cannot be undone", "erase asks before it writes", yes)
            found = erasing.erase(at.connection, person)
    if as_json:
        print_json({"user": person.code, "dry_run": dry_run, **asdict(found)})
    else:
        _print(f"user {person.code}" if person.code is not None else subject, found, dry_run)
    if not dry_run and found.left:
        raise EraseRefused(f"{count(found.left, 'row')} came meanwhile", "outbox erase once more")


def _words(found: Erased) -> str:
    parts = (count(getattr(found, part), part.rstrip("s")) for part in PARTS)
    return f"{', '.join(parts)}, {count(found.mirror, 'row')} of the mirror"


def _print(who: str, found: Erased, dry_run: bool) -> None:
    if found.total:
        click.echo(f"{'to erase' if dry_run else 'erased'}: {_words(found)}")
    else:
        click.echo(f"nothing is kept about {who}")
    for target, remote_id in found.still_held:
        click.echo(f"note: {target} still holds {who} ({remote_id}), and the outbox remembers that alone")
    for code in found.also:
        click.echo(f"note: user {code} has, or had, the same e-mail; where that is the same person, erase him as well")
