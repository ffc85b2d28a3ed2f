"""What the two clouds hold: plain data, no I/O, no HTTP."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from outbox.resources import TARGETS

Roles = dict[tuple[str, str, str], list[str]]  # (tenant, app, user) -> roles


@dataclass
class Record:
    """Something with an ETag: the revision changes with every write and is never used again."""

    data: dict[str, Any]
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision:08x}"'


@dataclass(frozen=True)
class Application:
    id: str
    name: str
    vendor: str


@dataclass
class Operation:
    """A background operation of the ERP: what the call's answer was, and how often somebody asked for it."""

    status: int
    body: Any
    headers: dict[str, str]
    polls: int = 0


@dataclass(frozen=True)
class Invitation:
    """The activation mail that a new user gets. `at` in seconds since the epoch."""

    at: float
    email: str
    user_id: str
    name: str


CATALOGUE = (
    Application("WORKFLOW", "Workflow", "Visma Software"),
    Application("SCAN", "Scannen en herkennen", "Visma Software"),
    Application("REPORTING", "Rapportage", "Cijferhuis"),
    Application("BANKLINK", "Bankkoppeling", "Girobrug"),
    Application("FISCAL", "Fiscale aangiften", "Tiendschuur"),
)


@dataclass
class Settings:
    """What a test may turn, for both targets. `*_s` in seconds."""

    client_id: str = "sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105 - of a server on loopback that holds nothing
    token_lifetime_s: float = 3600
    rate_limit: int = 1_000_000
    rate_window_s: float = 3600
    lag_s: float = 0  # by how much lists and searches lag behind, see `lag`
    segment_length: int = 30
    unlicensed: list[str] = field(default_factory=list)  # tenants without an ERP licence
    in_use: list[str] = field(default_factory=list)  # segment values that refuse Delete

    def change(self, changes: dict[str, Any]) -> None:
        """Raises ValueError for a name that is none, and for a value of another type."""
        for name, value in changes.items():
            now = getattr(self, name, None)
            kinds = (int, float) if isinstance(now, (int, float)) else (type(now),)
            if name not in {f.name for f in fields(self)} or not isinstance(value, kinds):
                raise ValueError(f"no setting {name} that takes {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)


@dataclass
class Cloud:
    """All that one target holds. The two indexes are kept by `users` and `tenants`, which alone change them."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    tenants: dict[str, dict[str, Any]] = field(default_factory=dict)
    tenant_users: dict[str, set[str]] = field(default_factory=dict)
    tenant_apps: dict[str, set[str]] = field(default_factory=dict)
    roles: Roles = field(default_factory=dict)
    projects: dict[str, dict[str, Record]] = field(default_factory=dict)
    segments: dict[str, dict[str, Record]] = field(default_factory=dict)
    invitations: list[Invitation] = field(default_factory=list)
    applications: dict[str, Application] = field(default_factory=lambda: {a.id: a for a in CATALOGUE})
    user_of_email: dict[str, str] = field(default_factory=dict)
    tenant_of_external_id: dict[str, str] = field(default_factory=dict)
    made_at: dict[str, float] = field(default_factory=dict)  # id -> when, of what lists show later, see `lag`
    gone: dict[str, list[tuple[dict[str, Any], float]]] = field(default_factory=dict)  # and when they went
    background: dict[str, Operation] = field(default_factory=dict)  # not kept in the state file
    revision: int = 0

    def new_id(self) -> str:
        """Given by the server and not to be guessed from the key."""
        return str(uuid.uuid4())

    def next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def emptied(self) -> Cloud:
        """A cloud with the same catalogue and nothing in it. Revisions go on: an old ETag must not fit again."""
        return Cloud(applications=self.applications, revision=self.revision)

    def holdings(self) -> dict[str, Any]:
        """What `/sandbox/state` shows."""
        return {
            "users": self.users,
            "tenants": self.tenants,
            "tenant_users": [[t, u] for t, users in self.tenant_users.items() for u in sorted(users)],
            "roles": [[*key, roles] for key, roles in self.roles.items()],
            "projects": {t: {c: r.data for c, r in codes.items()} for t, codes in self.projects.items()},
            "segments": {t: {s: r.data for s, r in segments.items()} for t, segments in self.segments.items()},
        }


def _records(saved: dict[str, dict[str, Any]]) -> dict[str, dict[str, Record]]:
    return {tenant: {code: Record(**record) for code, record in of.items()} for tenant, of in saved.items()}


def dump_cloud(cloud: Cloud) -> dict[str, Any]:
    """As JSON, for the state file."""
    return cloud.holdings() | {
        "tenant_apps": {tenant: sorted(apps) for tenant, apps in cloud.tenant_apps.items()},
        "projects": {t: {c: asdict(r) for c, r in of.items()} for t, of in cloud.projects.items()},
        "segments": {t: {s: asdict(r) for s, r in of.items()} for t, of in cloud.segments.items()},
        "invitations": [asdict(mail) for mail in cloud.invitations],
        "applications": [asdict(app) for app in cloud.applications.values()],
        "revision": cloud.revision,
    }


def load_cloud(saved: dict[str, Any]) -> Cloud:
    """The reverse of `dump_cloud`. Raises KeyError, TypeError or ValueError for anything else."""
    cloud = Cloud(
        users=saved["users"],
        tenants=saved["tenants"],
        tenant_apps={tenant: set(apps) for tenant, apps in saved["tenant_apps"].items()},
        roles={(tenant, app, user): roles for tenant, app, user, roles in saved["roles"]},
        projects=_records(saved["projects"]),
        segments=_records(saved["segments"]),
        invitations=[Invitation(**mail) for mail in saved["invitations"]],
        applications={app["id"]: Application(**app) for app in saved["applications"]},
        user_of_email={user["email"].casefold(): id_ for id_, user in saved["users"].items()},
        tenant_of_external_id={
            tenant["external_id"]: id_ for id_, tenant in saved["tenants"].items() if tenant["external_id"]
        },
        revision=saved["revision"],
    )
    for tenant, user in saved["tenant_users"]:
        cloud.tenant_users.setdefault(tenant, set()).add(user)
    return cloud


def new_clouds() -> dict[str, Cloud]:
    return {target: Cloud() for target in TARGETS}
