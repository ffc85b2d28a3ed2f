"""Pure: one object as the cloud holds it beside one as it should be, both in the columns of the desired view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outbox.config import TargetSettings
from outbox.targets.companies import Companies
from outbox.targets.delivery import Action, Delivery, Document, Key
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.pages import Item
from outbox.targets.projects import project_body
from outbox.targets.users import Users

_PROJECT = {"description": "description", "start_date": "startDate", "end_date": "endDate", "status": "status"}
_VALUE = {"description": "description", "active": "active"}
# The ERP leaves out what is blank, so of these an absent one is shown all the same.
_BLANK_PROJECT, _BLANK_VALUE = {"end_date": None}, {"description": None}
_MOMENTS, _TO_THE_SECOND = ("start_date", "end_date"), len("2024-01-01T00:00:00")


@dataclass(frozen=True)
class Held:
    """One object. name: what a person knows it by. columns: as far as the cloud shows them. over: what removing leaves
    behind (a project with the removed status, an inactive value); nobody need be told of it.
    """

    remote_id: str
    name: str
    columns: Mapping[str, Any]
    over: bool = False


class Shapes:
    """How the columns of a view are called in a target's answers, and what they must be there."""

    def __init__(self, endpoints: IdentityEndpoints, settings: TargetSettings) -> None:
        self._endpoints = endpoints
        self._settings = settings
        self._users = Users(endpoints, settings)
        self._companies = Companies(endpoints, settings)
        self.segments = {"cost_types": settings.cost_type_segment, "cost_centres": settings.cost_centre_segment}

    def held(self, resource: str, place: tuple[str, ...], item: Item) -> Held:
        """An item of a list, see Listing for the places."""
        match resource:
            case "users":
                columns = _columns(item.fields, self._endpoints.user_fields)
                return Held(item.id, item.text(self._endpoints.user_fields["email"]), columns)
            case "companies":
                columns = _columns(item.fields, self._tenant_fields())
                return Held(item.id, item.text(self._endpoints.tenant_fields["name"]), columns)
            case "company_access":
                return Held(f"{place[0]}/{item.id}", item.text(self._endpoints.user_fields["email"]), {})
            case "app_access":
                return Held(f"{item.id}/{place[0]}/{place[1]}", place[1], _columns(item.fields, {"roles": "roles"}))
            case "projects":
                over = item.fields.get("status") == self._settings.removed_status
                return Held(f"{place[1]}/{item.id}", item.id, _BLANK_PROJECT | _columns(item.fields, _PROJECT), over)
        over = item.fields.get("active") is False
        return Held(f"{place[1]}/{item.id}", item.id, _BLANK_VALUE | _columns(item.fields, _VALUE), over)

    def expected(self, resource: str, key: Key, document: Document) -> Mapping[str, Any]:
        """What the cloud shows of an object that was sent this document."""
        delivery = Delivery(resource, key, Action.UPDATE, message_id=0, document=document)
        match resource:
            case "users":
                return _columns(self._users.body(delivery), self._endpoints.user_fields)
            case "companies":
                return _columns(self._companies.body(delivery), self._tenant_fields())
            case "company_access":
                return {}
            case "projects":
                return _columns({n: v["value"] for n, v in project_body(document).items()}, _PROJECT)
        return document

    def _tenant_fields(self) -> dict[str, str]:
        return {**self._endpoints.tenant_fields, "external_id": self._endpoints.external_id}


def differing(expected: Mapping[str, Any], columns: Mapping[str, Any]) -> list[str]:
    """The columns that the cloud shows otherwise. What it does not show is not compared.

    >>> differing({"email": "Ann@example.nl", "city": None}, {"email": "ann@example.nl", "city": ""})
    []
    >>> differing({"active": None}, {"active": True}), differing({"active": None}, {"active": False})
    ([], ['active'])
    >>> differing({"start_date": "2024-01-01T00:00:00"}, {"start_date": "2024-01-01T00:00:00.0000000Z"})
    []
    """
    return [c for c, wanted in expected.items() if c in columns and not _alike(c, wanted, columns[c])]


def _alike(column: str, wanted: Any, shown: Any) -> bool:
    """A cloud may trim a text, show a blank as null, write an address in lower case, order a set as it likes, and put a
    fraction or an offset behind a time.
    """
    if isinstance(wanted, list) and isinstance(shown, list):
        return sorted(map(str, wanted)) == sorted(map(str, shown))
    if column in _MOMENTS and wanted and shown:
        return str(wanted)[:_TO_THE_SECOND] == str(shown)[:_TO_THE_SECOND]
    if isinstance(wanted, bool) or isinstance(shown, bool):
        return wanted is shown or (column == "active" and wanted is None and shown is True)
    texts = ["" if v is None else str(v).strip() for v in (wanted, shown)]
    return texts[0] == texts[1] or (column == "email" and texts[0].lower() == texts[1].lower())


def _columns(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {column: fields[name] for column, name in names.items() if name in fields}
