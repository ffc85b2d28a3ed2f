"""The rules of the ERP API: projects. There is no delete."""

from __future__ import annotations

from typing import Any

from outbox.sandbox.answers import Answer, Call, Refusal, erp_refusal
from outbox.sandbox.lag import is_seen, show_later
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
        raise _unknown(code)
    return record


def _unknown(code: str) -> Refusal:
    return erp_refusal(404, f"Project '{code}' cannot be found in the system.")


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """An answer of the ERP has no null: no type of its document allows one (P)."""
    return {name: value for name, value in fields.items() if value is not None}


def _shown(record: Record) -> dict[str, Any]:
    """What was given by reference is shown as the object that it means (P)."""
    template, def_sub = record.data["template"], record.data["defSub"]
    meant = {
        "template": {"number": template} if template else None,
        "defSub": {"id": "-".join(part["segmentValue"] for part in def_sub)} if def_sub else None,
    }
    return filled(record.data | meant)


def _written(old: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Absent is unchanged; null clears, which for a status and the hold means the default."""
    cleared = {name: _DEFAULTS[name] for name, value in body.items() if value is None}
    return old | body | cleared


def _check_def_sub(cloud: Cloud, call: Call) -> None:
    """Subaccount defaults name values of segments: none is longer than its segment, none was made inactive. What the
    segment does not hold may pass: whether a segment knows all its values is a setting of the company (P: `validate`).
    """
    segments = cloud.segments.get(call.tenant, {})
    for part in call.body.get("defSub") or ():
        number, value = str(part["segmentId"]), part["segmentValue"]
        known = segments[number].data.get(value) if number in segments else None
        if len(value) > call.settings.segment_length:
            raise erp_refusal(400, f"Value '{value}' is longer than {call.settings.segment_length} characters.")
        if known is not None and not known["active"]:
            raise erp_refusal(400, f"Segment value '{value}' is inactive.")


def create_project(cloud: Cloud, call: Call) -> Answer:
    code = call.body.get("projectID")
    if code is None:
        raise erp_refusal(400, "'Project ID' cannot be empty.")
    if not call.body.get("template") and not call.body.get("defSub"):
        raise erp_refusal(400, "'Default subaccount' is mandatory when no project template is specified.")
    _check_def_sub(cloud, call)
    projects = cloud.projects.setdefault(call.tenant, {})
    if code in projects:
        raise erp_refusal(400, f"Project '{code}' already exists in the system.")
    record = Record(_written(_DEFAULTS, call.body), cloud.next_revision())
    projects[code] = record
    show_later(cloud, f"{call.tenant}/{code}", call)
    note = f"project {code} {record.data['description']} created{company_words(cloud, call)}"
    return Answer(201, headers={"ETag": record.etag}, note=note)


def read_project(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    if not is_seen(cloud, f"{call.tenant}/{record.data['projectID']}", call):
        raise _unknown(record.data["projectID"])
    return Answer(200, _shown(record), {"ETag": record.etag})


def update_project(cloud: Cloud, call: Call) -> Answer:
    record = _find(cloud, call)
    code = record.data["projectID"]
    check_match(record, call)
    if call.body.get("projectID", code) != code:
        raise erp_refusal(400, "The project ID in the body is not the one in the path.")
    _check_def_sub(cloud, call)
    record.data = _written(record.data, call.body)
    record.revision = cloud.next_revision()
    what = f"project {code} {record.data['description']} updated, {record.data['status']}"
    note = what + company_words(cloud, call)
    return Answer(204, headers={"ETag": record.etag}, note=note)


def list_projects(cloud: Cloud, call: Call) -> Answer:
    projects = cloud.projects.get(call.tenant, {}).items()
    return erp_paged([_shown(r) for code, r in projects if is_seen(cloud, f"{call.tenant}/{code}", call)], call)
