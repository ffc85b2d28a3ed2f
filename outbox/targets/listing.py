"""What a target really holds: list by list, page by page, in the terms of the desired views. Reads only.

A list that is not complete is no list: a page that fails, or that does not fit the others, fails the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from outbox.errors import PlatformDown, Transient
from outbox.targets.answers import Answer, TooLarge, Verdict
from outbox.targets.api import Errand
from outbox.targets.background import PatientErrand
from outbox.targets.delivery import Action, Delivery
from outbox.targets.endpoints import ErpEndpoints
from outbox.targets.held import Held, Shapes
from outbox.targets.pages import PER_PAGE, Item, Pages, item_of, items_of, total_pages
from outbox.targets.platform import Platform
from outbox.targets.tokens import Company
from outbox.targets.wire import fill

TRIES = 4
FIRST_WAIT_S = 0.5
# Who asks for more time than this is asked again tomorrow.
LONGEST_WAIT_S = 300.0
# The ERP gives all values of a segment in one answer (P): room for a hundred thousand.
LARGEST_SEGMENT_BYTES = 16 * 1024 * 1024
# A project of the ERP has hundreds of fields. What does not fit is asked for in smaller pages.
ERP_PAGE_SIZES = (100, 25, 5)

_NOBODY = Delivery("", (), Action.LOOK, message_id=0)
Place = tuple[str, ...]


class ListChanged(Transient):
    """What a list holds changed while it was read."""


class Listing:
    """One target. A place is where one list is read: () for users and companies; (tenant,) for company_access;
    (user, app) for app_access; (company code, tenant) for what is in an ERP.
    """

    def __init__(self, platform: Platform) -> None:
        self.name = platform.name
        self.has_apps = platform.has_apps
        self.shapes = Shapes(platform.endpoints, platform.settings)
        self._platform = platform
        self._endpoints = platform.endpoints

    async def close(self) -> None:
        await self._platform.close()

    async def pages(self, resource: str, place: Place) -> AsyncIterator[list[Held]]:
        """Raises CloudError, ListChanged among them; then nothing of what came before counts."""
        match resource, place:
            case "users", ():
                pages = self._items(self._endpoints.users, self._endpoints.users_list)
            case "companies", ():
                pages = self._items(self._endpoints.tenants, self._endpoints.tenants_list)
            case "company_access", (tenant,):
                path = fill(self._endpoints.tenant_users, tenant=tenant)
                pages = self._items(path, self._endpoints.users_list, of_a_parent=True)
            case "app_access", (user, app):
                pages = self._roles(user, app)
            case "projects", (code, tenant):
                pages = self._projects(Company(code, tenant))
            case _, (code, tenant):
                pages = self._values(resource, Company(code, tenant))
            case _:
                raise ValueError(f"{resource} is not listed under {place}")
        async for page in pages:
            yield [self.shapes.held(resource, place, item) for item in page]

    async def find(self, resource: str, remote_id: str) -> Held | None:
        """One user or company by its remote id; None: the target has none. Raises CloudError."""
        parts = {"users": (self._endpoints.user, "user"), "companies": (self._endpoints.tenant, "tenant")}
        template, name = parts[resource]
        answer = await self._get(fill(template, **{name: remote_id}))
        if answer is None:
            return None
        fields = answer.body if isinstance(answer.body, dict) else {}
        return self.shapes.held(resource, (), Item(remote_id, fields))

    async def apps(self) -> dict[str, dict[str, Any]]:
        """The catalogue: app code -> fields. Raises CloudError."""
        return {i.id: dict(i.fields) async for page in self._items(self._endpoints.apps, self._endpoints.apps_list)
                for i in page}  # fmt: skip

    # -- the identity API --------------------------------------------------------------------------------------

    async def _items(self, path: str, list_field: str, *, of_a_parent: bool = False) -> AsyncIterator[list[Item]]:
        """of_a_parent: where the parent is gone, so is the list."""
        seen: set[str] = set()
        pages, told = Pages(), None
        while pages.more:
            answer = await self._get(path, {"page": pages.number, "per_page": PER_PAGE})
            if answer is None and of_a_parent and pages.number == 1:
                return
            if answer is None:
                raise Transient(f"there is no list {path}, says the cloud", http_status=404)
            items, now = items_of(answer, list_field), (total_pages(answer), answer.body.get(f"total_{list_field}"))
            if pages.number > 1 and now != told:
                raise ListChanged(f"{answer.what}: the list changed while it was read")
            told, items = now, pages.turn(items, answer)
            _take(seen, (i.id for i in items), answer)
            yield items
        if told and isinstance(told[1], int) and told[1] != len(seen):
            raise ListChanged(f"{path}: {len(seen)} objects were listed, {told[1]} were promised")

    async def _roles(self, user: str, app: str) -> AsyncIterator[list[Item]]:
        """In which tenants the user has roles in the app: one plain list."""
        answer = await self._get(fill(self._endpoints.roles_of_user, app=app, user=user))
        if answer is not None:
            yield [item_of(row, answer) for row in _rows(answer.body, answer)]

    # -- the ERP -----------------------------------------------------------------------------------------------

    async def _projects(self, company: Company) -> AsyncIterator[list[Item]]:
        """Plain lists: the end is where a page is shorter than the first. The ERP cuts a page that is too long without
        a word, so the size of the first is the one that counts. Each project says how many there are (P: `metadata`).
        """
        sizes = list(ERP_PAGE_SIZES)
        seen: set[str] = set()
        number, first, total = 1, 1, None
        while True:
            query = {"pageNumber": number, "pageSize": sizes[0]}
            try:
                answer = await self._get(ErpEndpoints.projects, query, company)
            except TooLarge:
                if len(sizes) == 1 or number > 1:
                    raise
                del sizes[0]
                continue
            if answer is None:
                raise Transient(f"company {company.code} has no list of projects in the ERP")
            items = [_coded(row, "projectID", answer) for row in _rows(answer.body, answer)]
            _take(seen, (i.id for i in items), answer)
            total = _total_count(items) if items else total
            yield items
            first = len(items) if number == 1 else first
            if not items or len(items) < first:
                break
            number += 1
        if total is not None and total != len(seen):
            raise ListChanged(f"company {company.code}: {len(seen)} projects were listed, {total} were promised")

    async def _values(self, resource: str, company: Company) -> AsyncIterator[list[Item]]:
        path = fill(ErpEndpoints.segment, segment=self.shapes.segments[resource])
        answer = await self._get(path, {}, company, LARGEST_SEGMENT_BYTES)
        if answer is None:
            raise Transient(f"company {company.code} has no segment {self.shapes.segments[resource]} in the ERP")
        body = answer.body if isinstance(answer.body, dict) else {}
        items = [_coded(row, "valueId", answer) for row in _rows(body.get("segmentValues"), answer)]
        for i in range(0, max(1, len(items)), PER_PAGE):
            yield items[i : i + PER_PAGE]

    # -- one call ----------------------------------------------------------------------------------------------

    async def _get(
        self,
        path: str,
        query: dict[str, int] | None = None,
        company: Company | None = None,
        largest_bytes: int | None = None,
    ) -> Answer | None:
        """None: the API itself says that there is no such thing. Waits as long as it is told to, and tries again."""
        api = self._platform.erp_api if company else self._platform.identity_api
        if api is None:
            raise ValueError(f"{self.name} has no ERP")
        limit = {"largest_bytes": largest_bytes} if largest_bytes else {}
        kind = PatientErrand if company else Errand
        errand = kind(api, (_NOBODY,), lambda delivery, call: None, company, **limit)
        for last in (*[False] * (TRIES - 1), True):
            try:
                answer = await errand.call("GET", path, query=query, also=(Verdict.NOT_FOUND,))
                return None if answer.verdict is Verdict.NOT_FOUND else answer
            except TooLarge:
                raise
            except (Transient, PlatformDown) as e:
                told_s = getattr(e, "retry_after_s", None)
                if told_s and e.http_status:  # by the cloud, and not by our own gate
                    await self._platform.gate.obey(company.code if company else "", told_s)
                wait_s = told_s or FIRST_WAIT_S
                if last or wait_s > LONGEST_WAIT_S:
                    raise
                await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")


def _take(seen: set[str], ids: Iterable[str], answer: Answer) -> None:
    """What comes twice has moved from one page to the next, and something else may have moved the other way."""
    for id_ in ids:
        if id_ in seen:
            raise ListChanged(f"{answer.what}: an object came twice, the list changed while it was read")
        seen.add(id_)


def _total_count(items: list[Item]) -> int | None:
    """None: the ERP did not say it."""
    metadata = items[-1].fields.get("metadata")
    count = metadata.get("totalCount") if isinstance(metadata, dict) else None
    return count if isinstance(count, int) and count > 0 else None


def _rows(rows: Any, answer: Answer) -> list[Any]:
    if not isinstance(rows, list):
        raise Transient(f"{answer.what} was answered without a list", http_status=answer.status)
    return rows


def _coded(row: Any, field: str, answer: Answer) -> Item:
    """A code of ours, any text, in place of an id of the cloud's."""
    code = row.get(field) if isinstance(row, dict) else None
    if not isinstance(code, str):
        raise Transient(f"{answer.what} was answered with an item without {field}", http_status=answer.status)
    return Item(code, row)
