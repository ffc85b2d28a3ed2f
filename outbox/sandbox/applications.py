"""The rules of the identity API: apps, on which companies they are put, and the roles of users in them."""

from __future__ import annotations

from dataclasses import asdict

from outbox.sandbox.answers import Answer, Call, identity_refusal
from outbox.sandbox.paging import paged
from outbox.sandbox.state import Cloud
from outbox.sandbox.tenants import find_tenant
from outbox.sandbox.users import find_user


def _check_application(cloud: Cloud, app: str) -> None:
    if app not in cloud.applications:
        raise identity_refusal(404, "ERROR_APPLICATION_NOT_FOUND", "No application with this id is available.")


def list_applications(cloud: Cloud, call: Call) -> Answer:
    """The catalogue, third parties' apps included."""
    return paged("applications", [asdict(app) for app in cloud.applications.values()], call)


def add_application(cloud: Cloud, call: Call) -> Answer:
    """Puts the app on the company; once more is no error."""
    tenant, app = find_tenant(cloud, call.params[0]), call.params[1]
    _check_application(cloud, app)
    cloud.tenant_apps.setdefault(tenant["id"], set()).add(app)
    return Answer(204, note=f"app {app} put on {tenant['organization_name']}")


def set_roles(cloud: Cloud, call: Call) -> Answer:
    """The whole set; an empty one removes. The app must be on the company first.

    Access to the company is not asked for, and taking it away leaves roles alone: nothing public says otherwise, and
    with the user and the company as the only parents no order between the two calls is needed.
    """
    tenant, app, user = find_tenant(cloud, call.params[0]), call.params[1], find_user(cloud, call.params[2])
    _check_application(cloud, app)
    if app not in cloud.tenant_apps.get(tenant["id"], ()):
        raise identity_refusal(404, "ERROR_APPLICATION_NOT_FOUND", "The application is not on this tenant.")
    key, roles = (tenant["id"], app, user["id"]), call.body["roles"]
    if roles:
        cloud.roles[key] = roles
    else:
        cloud.roles.pop(key, None)
    words = f"has {', '.join(roles)} in" if roles else "has no role any more in"
    return Answer(200, {"roles": roles}, note=f"{user['email']} {words} {app} at {tenant['organization_name']}")


def read_roles(cloud: Cloud, call: Call) -> Answer:
    """The companies in which the user has roles in the app: a plain list."""
    app, user = call.params[0], find_user(cloud, call.params[1])
    _check_application(cloud, app)
    return Answer(
        200,
        [
            {"id": tenant, "roles": roles}
            for (tenant, of, whose), roles in cloud.roles.items()
            if of == app and whose == user["id"]
        ],
    )
