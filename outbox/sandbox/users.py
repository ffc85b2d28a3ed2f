"""The rules of the identity API: users. One function per endpoint of the contract.

Each takes the target's cloud and one call, and returns the answer or raises Refusal with nothing changed.
"""

from __future__ import annotations

import time
from typing import Any

from outbox.sandbox.answers import Answer, Call, identity_refusal
from outbox.sandbox.lag import hide_later, listed, show_later
from outbox.sandbox.paging import paged
from outbox.sandbox.state import Cloud, Invitation

DISPOSABLE_DOMAINS = ("mailinator.com", "guerrillamail.com", "yopmail.com")
_DEFAULTS = {"country_code": "NL", "preferred_language": "nl"}


def find_user(cloud: Cloud, user: str) -> dict[str, Any]:
    if user not in cloud.users:
        raise identity_refusal(404, "ERROR_USER_NOT_FOUND", "No user with this id is linked to the client.")
    return cloud.users[user]


def _check_email(cloud: Cloud, email: str, user: str | None) -> None:
    if email.rpartition("@")[2].casefold() in DISPOSABLE_DOMAINS:
        raise identity_refusal(422, "ERROR_DOMAIN_DISPOSABLE", "The e-mail domain is disposable.")
    if cloud.user_of_email.get(email.casefold(), user) != user:
        raise identity_refusal(409, "ERROR_USER_LINKED_TO_CLIENT", "A user with this e-mail is already linked.")


def create_user(cloud: Cloud, call: Call) -> Answer:
    email = call.body["email"]
    _check_email(cloud, email, None)
    id_ = cloud.new_id()
    user = {"id": id_, **_DEFAULTS, **call.body}
    cloud.users[id_] = user
    cloud.user_of_email[email.casefold()] = id_
    name = f"{user['first_name']} {user['last_name']}"
    cloud.invitations.append(Invitation(time.time(), email, id_, name))
    show_later(cloud, id_, call)
    return Answer(201, user, note=f"user {name} <{email}> created and invited")


def list_users(cloud: Cloud, call: Call) -> Answer:
    email = call.query.get("email", "").casefold()
    if "email" not in call.query:
        return paged("users", listed(cloud, "users", cloud.users.values(), call), call)
    found = cloud.user_of_email.get(email)
    users = listed(cloud, "users", [cloud.users[found]] if found else [], call)
    return paged("users", [user for user in users if user["email"].casefold() == email], call)


def read_user(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, find_user(cloud, call.params[0]))


def update_user(cloud: Cloud, call: Call) -> Answer:
    user = find_user(cloud, call.params[0])
    if "email" in call.body:
        _check_email(cloud, call.body["email"], user["id"])
        del cloud.user_of_email[user["email"].casefold()]
        cloud.user_of_email[call.body["email"].casefold()] = user["id"]
    user.update(call.body)
    return Answer(200, user, note=f"user {user['first_name']} {user['last_name']} <{user['email']}> updated")


def remove_user(cloud: Cloud, call: Call) -> Answer:
    """Unlinks the user from the client: his access and roles go with him."""
    user = find_user(cloud, call.params[0])
    hide_later(cloud, "users", user, call)
    del cloud.users[user["id"]]
    del cloud.user_of_email[user["email"].casefold()]
    for users in cloud.tenant_users.values():
        users.discard(user["id"])
    for key in [key for key in cloud.roles if key[2] == user["id"]]:
        del cloud.roles[key]
    return Answer(204, note=f"user {user['first_name']} {user['last_name']} <{user['email']}> removed")
