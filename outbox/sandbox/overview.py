"""What the page shows, gathered for one look: of everything the newest first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from itertools import islice
from typing import Any

from outbox.sandbox.state import Cloud
from outbox.sandbox.world import World

_ROWS = 200  # of users, of companies, of what is in each; the counts are of all
_RECENT = 30


def overview(world: World) -> dict[str, Any]:
    mails = sorted(
        ((mail.at, target, asdict(mail)) for target, cloud in world.clouds.items() for mail in cloud.invitations),
        key=lambda row: row[0],
        reverse=True,
    )
    return {
        "version": f"{world.journal.version}.{len(world.faults.described())}",
        "clouds": {target: _cloud(cloud) for target, cloud in world.clouds.items()},
        "invitations": [{"target": target, **mail} for _, target, mail in mails[:_RECENT]],
        "invitation_count": len(mails),
        "changes": [asdict(change) for change in islice(reversed(world.journal.changes), _RECENT)],
        "calls": [asdict(call) for call in islice(reversed(world.journal.calls), _RECENT)],
        "call_count": world.journal.total,
        "faults": world.faults.described(),
    }


def _cloud(cloud: Cloud) -> dict[str, Any]:
    return {
        "counts": {
            "users": len(cloud.users),
            "companies": len(cloud.tenants),
            "accesses": sum(map(len, cloud.tenant_users.values())),
            "roles": len(cloud.roles),
            "projects": sum(map(len, cloud.projects.values())),
            "carriers": sum(len(r.data) for segments in cloud.segments.values() for r in segments.values()),
        },
        "users": _users(cloud),
        "companies": [_company(cloud, tenant) for tenant in islice(reversed(cloud.tenants.values()), _ROWS)],
    }


def _users(cloud: Cloud) -> list[dict[str, Any]]:
    companies: dict[str, list[str]] = defaultdict(list)
    apps: dict[str, set[str]] = defaultdict(set)
    for tenant, users in cloud.tenant_users.items():
        for user in users:
            companies[user].append(cloud.tenants[tenant]["organization_name"])
    for _, app, user in cloud.roles:
        apps[user].add(app)
    return [
        {
            "name": f"{user['first_name']} {user['last_name']}",
            "email": user["email"],
            "companies": sorted(companies[id_]),
            "apps": sorted(apps[id_]),
        }
        for id_, user in islice(reversed(cloud.users.items()), _ROWS)
    ]


def _company(cloud: Cloud, tenant: dict[str, Any]) -> dict[str, Any]:
    id_ = tenant["id"]
    return {
        "name": tenant["organization_name"],
        "number": tenant["organization_number"],
        "city": tenant["city"],
        "users": len(cloud.tenant_users.get(id_, ())),
        "apps": sorted(cloud.tenant_apps.get(id_, ())),
        "projects": [
            {"code": code, "description": record.data["description"], "status": record.data["status"]}
            for code, record in islice(reversed(cloud.projects.get(id_, {}).items()), _ROWS)
        ],
        "segments": {
            number: [{"code": value, **data} for value, data in islice(reversed(record.data.items()), _ROWS)]
            for number, record in sorted(cloud.segments.get(id_, {}).items())
        },
    }
