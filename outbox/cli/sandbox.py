"""outbox sandbox"""

from __future__ import annotations

import os
from pathlib import Path

import click

from outbox.cli.language import INTERRUPTED
from outbox.errors import ConfigError

_MARK = "# Written by `outbox sandbox`: points a relay at the two clouds on this machine."
_TEMPLATE = "STD"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free one.")
@click.option("--write", "settings_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the settings that point a relay here.")  # fmt: skip
@click.option("--state", "state_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Keep what the clouds hold in this file.")  # fmt: skip
def sandbox(port: int, settings_file: Path | None, state_file: Path | None) -> int:
    """Serve both clouds on this machine, to try your views against.

    Nothing leaves the machine and nobody gets a mail: the page on / shows what the clouds hold and who would have
    been invited. Ctrl-C ends it.

    \b
    Example:
      outbox sandbox --port 8080 --write outbox.toml
    """
    from outbox.sandbox import serve  # here, since only this command and the demo need the extra

    if settings_file:
        _check_ours(settings_file)

    def ready(base_url: str) -> None:
        if settings_file:
            write_private(settings_file, settings_text(base_url))
            click.echo(f"settings are in {settings_file}")
        click.echo(f"both clouds are at {base_url}  (Ctrl-C ends)")

    serve("127.0.0.1", port, state_file, ready)
    return INTERRUPTED


def _check_ours(file: Path) -> None:
    """Settings of another hand may hold a secret that nobody has elsewhere."""
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
        raise ConfigError(f"{file} was not written by `outbox sandbox`", "name another file, or move this one away")


def write_private(file: Path, text: str) -> None:
    """Secrets are in it: nobody else may read it. Raises ConfigError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as f:
            f.write(text)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}", "name another file") from error


def settings_text(base_url: str) -> str:
    """outbox.toml for this sandbox; the database is named by OUTBOX_DSN."""
    from outbox.sandbox import settings

    lines = [_MARK]
    for target, reach in settings(base_url).items():
        values = {name: getattr(reach, name) for name in ("identity_url", "erp_url", "token_url", "client_id")}
        values["client_secret"] = reach.client_secret.reveal()
        lines += ["", f"[{target}]", *(f'{name} = "{value}"' for name, value in values.items())]
        if target == "visma_net":
            lines += ["", f"[{target}.defaults]", f'template = "{_TEMPLATE}"  # of new projects']
    return "\n".join(lines) + "\n"
