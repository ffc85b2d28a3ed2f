"""Settings: `outbox.toml` (or the file in OUTBOX_CONFIG), overridden by OUTBOX_* variables."""

from __future__ import annotations

from dataclasses import dataclass, field


class Secret(str):
    """A string that never shows itself: repr and format give stars. `reveal()` gives the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def reveal(self) -> str:
        return str.__str__(self)


@dataclass(frozen=True)
class CompanySettings:
    """Of one company in Visma.net: the project template, or else the subaccount defaults (segment id -> value)."""

    template: str | None = None
    def_sub: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetSettings:
    """How one target is reached. URLs without a trailing slash; `*_s` in seconds."""

    name: str
    identity_url: str = "https://public-api.connect.visma.com/v1.0"
    erp_url: str = "https://api.finance.visma.net/v1"
    token_url: str = "https://connect.visma.com/connect/token"  # noqa: S105 - an address
    client_id: str = ""
    client_secret: Secret = Secret("")
    licence_prefix: str = ""  # external_id of a company = licence_prefix + company_code
    concurrency: int = 8
    company_concurrency: int = 4
    batch_size: int = 200
    deadline_s: float = 10.0
    cost_type_segment: int = 1
    cost_centre_segment: int = 2
    removed_status: str = "Completed"  # or Cancelled: the ERP knows no delete of a project
    defaults: CompanySettings = CompanySettings()
    companies: dict[str, CompanySettings] = field(default_factory=dict)
    allow_private_hosts: bool = False
