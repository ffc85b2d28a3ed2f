"""The rules of the ERP API: projects. There is no delete."""

from __future__ import annotations

from typing import Any

from outbox.sandbox.answers import Answer, Call, erp_refusal
from outbox.sandbox.paging import erp_paged
from outbox.sandbox.paths import decode_code
from outbox.sandbox.state import Cloud, Record

_DEFAULTS = {"endDate": None, "status": "Planned", "hold": False, "template": None, "defSub": None}


def check_match(record: Record, call: Call) -> None:
    """If-Match is optional; an outdated one is refused, whatever the body says."""
    if call.if_match not in (None, "*", record.etag):
        raise erp_refusal(412, "The resource was changed by somebody else: the ETag does not match.")


def company_words(cloud: Cloud, call: Call) -> str:
    """For a note: where it happened."""
    return f", {cloud.tenants[call.tenant]['organization_name']}"


def _find(cloud: Cloud, call: Call) -> Record:
    code = decode_code(call.params[0])
    record = cloud.projects.get(call.tenant, {}).get(code)
    if record is None:
        raise erp_refusal(404, f"Project '{code}' cannot be found in the system.")
    return record


def _shown(record: Record) -> dict[str, Any]:
    template = record.data["template"]
    return record.data | {"template": {"number": template} if template else None}


def _written(old: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Absent is unchanged; null clears, which for a status and the hold means the default."""
    cleared = {name: _DEFAULTS[name] for name, value in body.items() if value is None}
    return old | body | cleared


def create_project(cloud: Cloud, call: Call) -> Answer:
    code = call.body.get("projectID")
    if code is None:
        raise erp_refusal(400, "'Project ID' cannot be empty.")
    if not call.body.get("template") and not call.body.get("defSub"):
        raise erp_refusal(400, "'Default subaccount' is mandatory when no project template is specified.")
    projects = cloud.projects.setdefault(call.tenant, {})
    if code in projects:
        raise erp_refusal(400, f"Project '{code}' already exists in the system.")
    record = Record(_written(_DEFAULTS, call.body), cloud.next_revision())
    projects[code] = record
    note = f"project {code} {record.data['description']} created{company_words(cloud, call)}"
    return Answer(201, headers={"ETag": record.etag}, note=note)


def read_project(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    return Answer(200, _shown(record), {"ETag": record.etag})


def update_project(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    code = record.data["projectID"]
    check_match(record, call)
    if call.body.get("projectID", code) != code:
        raise erp_refusal(400, "The project ID in the body is not the one in the path.")
    record.data = _written(record.data, call.body)
    record.revision = cloud.next_revision()
    what = f"project {code} {record.data['description']} updated, {record.data['status']}"
    note = what + company_words(cloud, call)
    return Answer(204, headers={"ETag": record.etag}, note=note)


def list_projects(cloud: Cloud, call: Call) -> Answer:
    return erp_paged([_shown(record) for record in cloud.projects.get(call.tenant, {}).values()], call)
