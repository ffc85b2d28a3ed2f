"""Projects in the ERP. It keeps their codes unique, so a create may be tried at once, and read back where refused."""

from __future__ import annotations

from typing import Any

from outbox.config import CompanySettings, TargetSettings
from outbox.errors import CloudError, Refused, Transient, Unknown
from outbox.targets.answers import Answer, Verdict
from outbox.targets.api import Errand
from outbox.targets.delivery import Action, Delivered, Delivery, Document
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.wire import erp_code, fill, wrap

MAX_REAPPLIED = 3
# What a duplicate may be answered with, besides 409 (P).
_PERHAPS_A_DUPLICATE = (400, 409, 500)


class Projects:
    """What it answers has no remote id: that is made of company and code."""

    def __init__(self, settings: TargetSettings) -> None:
        self._settings = settings

    async def deliver(self, delivery: Delivery, errand: Errand) -> Delivered:
        _path(delivery)  # a code that could not be read back is refused before it is sent
        if delivery.action is Action.REMOVE:
            return await self._remove(delivery, errand)
        if delivery.in_doubt:
            return await self._find_out(delivery, errand)
        if delivery.action is Action.CREATE:
            return await self._create(delivery, errand)
        body = project_body(delivery.document or {})
        ends = delivery.acknowledged is None or bool(delivery.acknowledged.get("end_date"))
        delivered = await self._put(delivery, errand, body, delivery.etag, ends=ends)
        return delivered or await self._create(delivery, errand)

    async def _find_out(self, delivery: Delivery, errand: Errand) -> Delivered:
        """An earlier call may or may not have been applied."""
        present = await self._get(delivery, errand)
        if present is None:
            return await self._create(delivery, errand)
        return await self._put_present(delivery, errand, present)

    async def _create(self, delivery: Delivery, errand: Errand) -> Delivered:
        body = new_project_body(delivery, self._settings)
        try:
            answer = await errand.call("POST", ErpEndpoints.projects, body, also=(Verdict.EXISTS,))
        except (Refused, Unknown) as error:
            if error.http_status not in _PERHAPS_A_DUPLICATE:
                raise
            return await self._after_refusal(delivery, errand, error)
        if answer.verdict is Verdict.EXISTS:
            unseen = Transient(f"{answer.what}: the ERP has it ({answer.words}), but does not show it yet")
            return await self._after_refusal(delivery, errand, unseen)
        return Delivered(etag=answer.etag, http_status=answer.status)

    async def _after_refusal(self, delivery: Delivery, errand: Errand, error: CloudError) -> Delivered:
        """The words of a refusal do not tell a duplicate from anything else: read back, then judge."""
        try:
            present = await self._get(delivery, errand)
        except CloudError as unread:
            raise Unknown(f"{error.why}; read back: {unread.why}", http_status=error.http_status) from None
        if present is not None:
            return await self._put_present(delivery, errand, present)
        # What an earlier attempt made may stand in the way and not be shown yet; for that reason a 500 stays unknown.
        if delivery.in_doubt and not isinstance(error, Unknown):
            raise Transient(error.why, http_status=error.http_status)
        raise error

    async def _put_present(self, delivery: Delivery, errand: Errand, present: Answer) -> Delivered:
        body = project_body(delivery.document or {})
        delivered = await self._put(delivery, errand, body, present.etag, ends=_ends(present))
        if delivered is None:
            raise Transient(f"project {delivery.key[1]} was found, and then was gone")
        return delivered

    async def _put(
        self, delivery: Delivery, errand: Errand, body: dict[str, Any], etag: str | None, *, ends: bool
    ) -> Delivered | None:
        """Our state is the right one: after a mismatch or conflict it is applied again. None: there is no such project.
        ends: the ERP's has an end date, as far as is known; a null is sent to clear one, and for nothing else.

        If-Match is for our own late requests: one that was given up and still arrives finds another ETag.
        """
        also = (Verdict.MISMATCH, Verdict.EXISTS, Verdict.NOT_FOUND)
        for _ in range(1 + MAX_REAPPLIED):
            sent = {"projectID": wrap(delivery.key[1]), **(body if ends else _filled(body))}
            answer = await errand.call("PUT", _path(delivery), sent, if_match=etag, also=also)
            if answer.verdict is Verdict.NOT_FOUND:
                return None
            if answer.verdict is Verdict.DONE:
                return Delivered(etag=answer.etag, http_status=answer.status)
            present = await self._get(delivery, errand)
            if present is None:
                return None
            etag, ends = present.etag, _ends(present)
        why = f"project {delivery.key[1]} is being changed by somebody else"
        raise Transient(f"{why} ({answer.words})" if answer.words else why, http_status=answer.status)

    async def _get(self, delivery: Delivery, errand: Errand) -> Answer | None:
        answer = await errand.call("GET", _path(delivery), also=(Verdict.NOT_FOUND,))
        return None if answer.verdict is Verdict.NOT_FOUND else answer

    async def _remove(self, delivery: Delivery, errand: Errand) -> Delivered:
        """The ERP knows no delete: the status says that the project is over. Other required fields stay as they are."""
        present = await self._get(delivery, errand)
        if present is None:
            await self._see_projects(errand)
            return Delivered(http_status=404)
        body = {**_required(present), "status": wrap(self._settings.removed_status)}
        delivered = await self._put(delivery, errand, body, present.etag, ends=_ends(present))
        return delivered or Delivered(http_status=404)

    async def _see_projects(self, errand: Errand) -> None:
        """A gateway's {"message": ...} looks like the ERP's. Where the list is not there either nothing was removed."""
        answer = await errand.call("GET", ErpEndpoints.projects, query={"pageNumber": 1, "pageSize": 1})
        if not isinstance(answer.body, list):
            raise Transient(f"{answer.what} was answered without a list", http_status=answer.status)


def _path(delivery: Delivery) -> str:
    return fill(ErpEndpoints.project, code=erp_code(delivery.key[1]))


def _required(answer: Answer) -> dict[str, Any]:
    """As the answer shows them. An answer without one shows no project: a null would clear it."""
    body = answer.body if isinstance(answer.body, dict) else {}
    shown = {name: wrap(body.get(name)) for name in ("description", "startDate")}
    if not all(wrapped["value"] for wrapped in shown.values()):
        raise Transient(f"{answer.what} was answered without description or startDate", http_status=answer.status)
    return shown


def _ends(answer: Answer) -> bool:
    """The ERP leaves out what is blank. An answer without a start is no project, and does not say that none ends."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return not body.get("startDate") or bool(body.get("endDate"))


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    return {name: wrapped for name, wrapped in body.items() if wrapped["value"] is not None}


def project_body(document: Document) -> dict[str, Any]:
    """The full state for PUT. A blank end date is cleared; a blank status stays what it is, it cannot be cleared.

    >>> project_body({"description": "Dak", "start_date": "2024-01-01", "end_date": None, "status": None})
    {'description': {'value': 'Dak'}, 'startDate': {'value': '2024-01-01T00:00:00'}, 'endDate': {'value': None}}
    """
    body = {
        "description": wrap(document.get("description")),
        "startDate": wrap(_moment(document.get("start_date"))),
        "endDate": wrap(_moment(document.get("end_date"))),
    }
    return {**body, "status": wrap(document["status"])} if document.get("status") else body


def new_project_body(delivery: Delivery, settings: TargetSettings) -> dict[str, Any]:
    """The body for POST: what is blank is left out; a template, or else subaccount defaults, are mandatory."""
    document = delivery.document or {}
    return {
        "projectID": wrap(delivery.key[1]),
        **_filled(project_body(document)),
        **_origin(delivery, document, settings),
    }


def _origin(delivery: Delivery, document: Document, settings: TargetSettings) -> dict[str, Any]:
    company = delivery.key[0]
    chosen = [CompanySettings(template=document.get("template")), settings.companies.get(company), settings.defaults]
    for choice in chosen:
        if choice and choice.template:
            return {"template": wrap(choice.template)}
        if choice and choice.def_sub:
            return {"defSub": [{"segmentId": int(s), "segmentValue": v} for s, v in choice.def_sub.items()]}
    raise Refused(
        f"a new project of company {company} needs a template or subaccount defaults: set template or def_sub "
        f"for company {company} (or the defaults) of target {settings.name}"
    )


def _moment(date: object) -> str | None:
    """A date, or a date and time, as the ERP writes it."""
    if not date:
        return None
    text = str(date).replace(" ", "T")
    return text if "T" in text else f"{text}T00:00:00"
