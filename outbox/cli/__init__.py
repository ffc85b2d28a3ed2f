"""The commands, one module each. Here they are put together, and an error becomes one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click
import psycopg

from outbox import __version__
from outbox.cli.language import INTERRUPTED, say_usage
from outbox.database import explain as explain_error
from outbox.errors import OutboxError

PACKAGE = Path(__file__).resolve().parents[1]


# Each command and its module, in the order of the help. Imported when asked for: all of them take half a second.
COMMANDS = {
    "demo": "demo",
    "install": "install",
    "register": "register",
    "relay": "relay",
    "status": "status",
    "explain": "explain",
    "verify": "verify",
    "audit": "audit",
    "approve": "decide",
    "reject": "decide",
    "retry": "decide",
    "skip": "decide",
    "check": "check",
    "pause": "pause",
    "resume": "pause",
    "link": "link",
    "unlink": "link",
    "apps": "apps",
    "erase": "erase",
    "adopt": "adopt",
    "prune": "prune",
    "uninstall": "install",
    "config": "config",
    "sandbox": "sandbox",
    "help": "help",
}


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return super().get_command(ctx, name)
        module = import_module(f"outbox.cli.{COMMANDS[name]}")
        command: click.Command = getattr(module, "help_" if name == "help" else name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="outbox")
def outbox() -> None:
    """A SELECT, kept live in the cloud.

    Settings come from outbox.toml (or the file in OUTBOX_CONFIG) and from OUTBOX_* variables; OUTBOX_DSN names the
    database. Try it without either: outbox demo
    """


def main() -> None:
    """The program `outbox`."""
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal of Latin-1 shows \\u0142 in place of what it does not know
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; answers its exit code."""
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        _check_text(arguments)
        result = outbox.main(list(arguments), "outbox", standalone_mode=False, color=colour)
    except click.ClickException as e:
        if not (isinstance(e, click.UsageError) and say_usage(e, arguments)):
            e.show()
        return e.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return INTERRUPTED
    except OutboxError as e:
        return _say(e)
    except psycopg.Error as e:
        return _say(explain_error(e))
    except Exception as e:  # noqa: BLE001 - a fault of ours: its words may hold what was read, its place does not
        return _say(_fault(e))
    return result if isinstance(result, int) else 0


def _check_text(arguments: Sequence[str]) -> None:
    """Of a script that is written in Latin-1, say: neither the database nor a file takes it."""
    for argument in arguments:
        if argument.encode(errors="replace").decode() != argument:
            raise click.UsageError(f"{argument!r} is not UTF-8")


def _fault(error: Exception) -> OutboxError:
    """The innermost place in this program, and the kind of error."""
    places = [f for f in traceback.extract_tb(error.__traceback__) if PACKAGE in Path(f.filename).parents]
    where = f" in {Path(places[-1].filename).relative_to(PACKAGE.parent)}, line {places[-1].lineno}" if places else ""
    return OutboxError(f"a fault of outbox {__version__} itself: {type(error).__name__}{where}", "report that line")


def _say(error: OutboxError) -> int:
    click.echo(f"outbox: {error.why}", err=True)
    if error.hint:
        click.echo(f"  {error.lead}: {error.hint}", err=True)
    return error.exit_code
