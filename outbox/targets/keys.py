"""Pure: by what a key of ours is known in the cloud, before any call. The relay notes it when it begins."""

from __future__ import annotations

from outbox.config import TargetSettings
from outbox.targets.delivery import Document, Key


def natural_keys(resource: str, key: Key, document: Document | None, settings: TargetSettings) -> tuple[str, ...]:
    """What a create leaves behind, to look the object up by if its answer is lost; empty where the id is known."""
    if resource == "companies":
        return (external_id(key, settings),)
    if resource == "users" and document and document.get("email"):
        return (str(document["email"]),)
    return ()


def known_remote_id(resource: str, key: Key, parents: tuple[str, ...]) -> str | None:
    """The remote id where it is made of the parents' ids; None where the server gives one.

    >>> known_remote_id("app_access", ("jansen", "001", "SCAN"), ("u7", "t1"))
    't1/u7/SCAN'
    """
    match resource:
        case "company_access":
            user, tenant = parents
            return f"{tenant}/{user}"
        case "app_access":
            user, tenant = parents
            return f"{tenant}/{user}/{key[2]}"
        case "projects" | "cost_types" | "cost_centres":
            (tenant,) = parents
            return f"{tenant}/{key[1]}"
    return None


def external_id(key: Key, settings: TargetSettings) -> str:
    """A company's own id in the cloud."""
    return settings.licence_prefix + key[0]
