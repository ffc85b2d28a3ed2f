"""outbox config"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from outbox.cli.printing import print_json, print_table
from outbox.config import CompanySettings, Secret, Settings, TargetSettings, load
from outbox.config.source import declared

_HIDDEN = "***"
_SECRET_PARTS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


@dataclass(frozen=True)
class Line:
    """One setting, as it may be shown. origin: default, the file, or the variable."""

    name: str
    value: object
    origin: str
    help: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
def config(as_json: bool) -> None:
    """Every setting: its value, origin and meaning. Secrets are not shown.

    A wrong file or variable is one sentence, and exit code 78: nothing is listed that would not be used.

    \b
    Example:
      outbox config
    """
    lines = list(list_settings(load()))
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        head = ("setting", "value", "origin", "what it is")
        print_table(head, [(line.name, show(line.value), line.origin, line.help) for line in lines])


def list_settings(settings: Settings) -> Iterator[Line]:
    """All of them, those of companies last within their target."""
    yield from list_part(settings, "", settings.origins)
    for name, target in settings.targets.items():
        yield from list_part(target, f"{name}.", settings.origins)
        yield from list_part(target.defaults, f"{name}.defaults.")
        for code, company in target.companies.items():
            yield from list_part(company, f"{name}.companies.{code}.")


def list_part(
    part: Settings | TargetSettings | CompanySettings, prefix: str = "", origins: Mapping[str, str] = {}
) -> Iterator[Line]:
    """What is set for companies has no origin: it is the default, or from the file, which alone can give it."""
    for of in declared(type(part)):
        value = getattr(part, of.name)
        is_default = isinstance(part, CompanySettings) and value == getattr(CompanySettings(), of.name)
        origin = origins.get(prefix + of.name, "default" if is_default else "file")
        yield Line(prefix + of.name, _mask(of.name, value), origin, of.metadata["help"])


def _mask(name: str, value: object) -> object:
    """The database is told without its password; of any other secret only whether there is one."""
    if not isinstance(value, Secret):
        return value
    if not value or name != "dsn":
        return _HIDDEN if value else None
    parts: dict[str, Any] = conninfo_to_dict(value.reveal())
    return make_conninfo(**{part: _HIDDEN if part in _SECRET_PARTS else text for part, text in parts.items()})


def show(value: object) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
