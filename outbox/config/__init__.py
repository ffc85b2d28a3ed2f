"""Settings: `outbox.toml` (or the file in OUTBOX_CONFIG), overridden by OUTBOX_* variables.

The fields below are the one table of settings: name, type, default, help. `lease_s` is `lease_s` in the file and
OUTBOX_LEASE_S in the environment; `client_id` of a target stands in the file's table of that target, [visma_net], and
is OUTBOX_VISMA_NET_CLIENT_ID. A secret may be given by the name of the file that holds it: client_secret_file. What is
set per company, [visma_net.companies.001], or for all that are not named, [visma_net.defaults], has no variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from outbox.config.source import Source, check_private, declared, read_file, refuse_misspelt, variable
from outbox.config.values import Secret, pairs, setting
from outbox.errors import ConfigError
from outbox.resources import TARGETS

__all__ = ["CompanySettings", "Secret", "Settings", "TargetSettings", "load", "variables"]

DEFAULT_FILE = "outbox.toml"
_DSN_EXAMPLE = "postgresql://user@host/database"
_NO_SECRET = Secret("")
_EVER = 100_000  # days; the calendar of PostgreSQL goes back only so far


@dataclass(frozen=True)
class CompanySettings:
    """Of one company in Visma.net: the project template, or else the subaccount defaults (segment id -> value)."""

    template: str | None = setting(None, "project template of new projects")
    def_sub: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": 'or else their subaccount defaults, e.g. { 1 = "10" }'}
    )


@dataclass(frozen=True)
class TargetSettings:
    """How one target is reached. URLs without a trailing slash; `*_s` in seconds."""

    name: str
    identity_url: str = setting("https://public-api.connect.visma.com/v1.0", "address of the identity API")
    erp_url: str = setting("https://api.finance.visma.net/v1", "address of the ERP API")
    token_url: str = setting("https://connect.visma.com/connect/token", "where tokens are asked for")
    client_id: str = setting("", "name of the client that the vendor gave")
    client_secret: Secret = setting(_NO_SECRET, "its secret")  # noqa: RUF009 - a field
    licence_prefix: str = setting("", "external_id of a company = this + company code")
    business_unit_name: str = setting("", "business unit that companies are sent with, where the vendor wants one")
    concurrency: int = setting(8, "calls at once", least=1, most=1000)
    company_concurrency: int = setting(4, "calls at once for one company", least=1, most=1000)
    batch_size: int = setting(200, "values in one call, where a call takes many", least=1, most=10_000)
    lanes: int = setting(4, "as many relays can share its ERP; applied by install", least=1, most=64)
    deadline_s: float = setting(10.0, "time for one call", least=0.1)
    cost_type_segment: int = setting(1, "segment of SUBACCOUNT that holds the cost types", least=1)
    cost_centre_segment: int = setting(2, "segment of SUBACCOUNT that holds the cost centres", least=1)
    removed_status: str = setting(
        "Completed", "status of a removed project: the ERP knows no delete", choices=("Completed", "Cancelled")
    )
    allow_private_hosts: bool = setting(False, "may its addresses lead into a private network?")
    defaults: CompanySettings = CompanySettings()
    companies: Mapping[str, CompanySettings] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. origins: for each setting "default", the file, or the variable it comes from."""

    dsn: Secret = setting(_NO_SECRET, f"the database, e.g. {_DSN_EXAMPLE}")  # noqa: RUF009 - a field
    lease_s: float = setting(15.0, "a relay that is silent for so long is taken over", least=1)
    safety_poll_s: float = setting(5.0, "how often a sleeping relay looks without being called", least=0.05)
    grace_s: float = setting(20.0, "what is in flight may finish for so long after SIGTERM", least=0)
    reconnect_s: float = setting(1.0, "pause before a lost database is tried again", least=0.05)
    watch_s: float = setting(60.0, "how often the relay looks whether capture is as installed", least=1)
    stalled_s: float = setting(60.0, "health is bad when messages wait and none was settled for so long", least=1)
    http_port: int = setting(0, "where health and metrics are served on 127.0.0.1; 0: nowhere", least=0, most=65535)
    attempts: int = setting(12, "a message is dead after so many attempts", least=1)
    give_up_s: float = setting(86_400.0, "but not sooner than so long after its change", least=0)
    backoff_s: float = setting(1.0, "pause after the first attempt, at most; doubles with each", least=0)
    backoff_cap_s: float = setting(3_600.0, "no pause is longer", least=0)
    doubt_s: float = setting(20.0, "an object is looked for so long before its create is repeated", least=0)
    user_doubt_s: float = setting(60.0, "a user is looked for longer, since a create mails", least=0)
    verify_every_s: float = setting(
        86_400.0, "how often the relay compares the clouds with the views; 0: only after a restore", least=0
    )
    verify_repair: bool = setting(False, "does it set back what differs, or only report?")
    apps_every_s: float = setting(3_600.0, "how often the relay pulls the app catalogue; 0: never", least=0)
    brake_removals: int = setting(5, "removals of a kind within an hour that need no approval, or", least=0)
    brake_removals_percent: float = setting(10.0, "so many per cent of what the cloud holds, if that is more", least=0)
    brake_new_users: int = setting(10, "new users (each gets a mail) within an hour that need no approval", least=0)
    brake_grants: int = setting(50, "new rights of access within an hour that need no approval, or", least=0)
    brake_grants_percent: float = setting(10.0, "so many per cent of what the cloud holds, if that is more", least=0)
    prune_every_s: float = setting(86_400.0, "how often the relay forgets what is old; 0: never", least=0)
    keep_documents_days: int = setting(30, "prune drops what was sent so long after it was done", least=1, most=_EVER)
    keep_attempts_days: int = setting(90, "prune removes the record of a call after so long", least=1, most=_EVER)
    keep_messages_days: int = setting(400, "prune removes messages so long after they were done", least=1, most=_EVER)
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)


def load(path: str | Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """Raises ConfigError: a file that is not there or not TOML, an unknown name, a wrong value, an open secret."""
    file = _find_file(path, env)
    refuse_misspelt(env, variables())
    source = Source(file, env)
    table = read_file(file) if file else {}
    targets = {name: _read_target(source, name, table.pop(name, {})) for name in TARGETS}
    settings = source.build(Settings, table, "", TARGETS, targets=targets, origins=source.origins)
    _check(settings, file)
    return settings


def variables() -> dict[str, str]:
    """Every variable of the environment that is a setting, with its help."""
    listed = {variable(f.name): f.metadata["help"] for f in declared(Settings)}
    for target in TARGETS:
        listed |= {variable(f"{target}.{f.name}"): f.metadata["help"] for f in declared(TargetSettings)}
    return listed


def _find_file(path: str | Path | None, env: Mapping[str, str]) -> Path | None:
    """None: no file was asked for, and there is none in the working directory."""
    named = path or env.get("OUTBOX_CONFIG")
    file = Path(named or DEFAULT_FILE)
    if file.is_file():
        return file
    if named:
        raise ConfigError(f"there is no settings file {file}", "name one with OUTBOX_CONFIG")
    return None


def _read_target(source: Source, name: str, table: object) -> TargetSettings:
    table = dict(source.table(table, f"{name}."))
    companies = source.table(table.pop("companies", {}), f"{name}.companies.")
    defaults = _read_company(source, f"{name}.defaults.", table.pop("defaults", {}))
    return source.build(
        TargetSettings,
        table,
        f"{name}.",
        ("defaults", "companies"),
        name=name,
        defaults=defaults,
        companies={code: _read_company(source, f"{name}.companies.{code}.", t) for code, t in companies.items()},
    )


def _read_company(source: Source, prefix: str, table: object) -> CompanySettings:
    table = source.table(table, prefix, [f.name for f in fields(CompanySettings)])
    template = table.get("template")
    if not isinstance(template, str | None):
        raise source.wrong(f"{prefix}template", "a text")
    try:
        return CompanySettings(template, pairs(table.get("def_sub", {})))
    except ValueError as e:
        raise source.wrong(f"{prefix}def_sub", str(e)) from None


def _check(settings: Settings, file: Path | None) -> None:
    """What must hold between settings."""
    secrets = [f"{name}.client_secret" for name in settings.targets]
    for key in (*secrets, *(["dsn"] if _has_password(settings.dsn) else [])):
        if file and settings.origins[key] == str(file):
            check_private(file, key)
    for target in settings.targets.values():
        if target.deadline_s >= settings.lease_s:
            raise ConfigError(
                f"{target.name}.deadline_s is {target.deadline_s:g} and lease_s is {settings.lease_s:g}; "
                "expected: a lease that is longer than the deadline, else nothing is ever sent"
            )


def _has_password(dsn: Secret) -> bool:
    """What the driver says of a wrong connection string may repeat it, so that is not told."""
    try:
        return bool(conninfo_to_dict(dsn.reveal()).get("password"))
    except ProgrammingError:
        raise ConfigError(f"dsn (OUTBOX_DSN) is no connection string; expected: {_DSN_EXAMPLE}") from None
