"""Lists of the identity API, page by page. A list that is not complete is no list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outbox.errors import Transient
from outbox.targets.answers import Answer
from outbox.targets.api import Errand
from outbox.targets.wire import legal_id

PER_PAGE = 100
MAX_PAGES = 10_000


@dataclass(frozen=True)
class Item:
    """One object of a list."""

    id: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field as text, "" where it is absent or null."""
        value = self.fields.get(name)
        return "" if value is None else str(value)


async def read_pages(errand: Errand, path: str, list_field: str, query: Mapping[str, str]) -> list[Item]:
    """All items; Transient where any page is not as promised."""
    items: list[Item] = []
    page, pages = 1, 1
    while page <= pages:
        answer = await errand.call("GET", path, query={**query, "page": page, "per_page": PER_PAGE})
        items += items_of(answer, list_field)
        pages = total_pages(answer)
        page += 1
    return items


def items_of(answer: Answer, list_field: str) -> list[Item]:
    rows = answer.body.get(list_field) if isinstance(answer.body, dict) else None
    if not isinstance(rows, list):
        raise Transient(f"{answer.what} was answered without the list {list_field!r}", http_status=answer.status)
    return [_item(row, answer) for row in rows]


def _item(row: Any, answer: Answer) -> Item:
    remote_id = legal_id(row.get("id")) if isinstance(row, dict) else None
    if remote_id is None:
        raise Transient(f"{answer.what} was answered with an item without a usable id", http_status=answer.status)
    return Item(remote_id, row)


def total_pages(answer: Answer) -> int:
    """Read anew on each page: a list may grow while it is read. Absent: a list of one page."""
    total = answer.body.get("total_pages", 1)
    if not isinstance(total, int) or total > MAX_PAGES:
        raise Transient(f"{answer.what} was answered with {str(total)[:20]} pages", http_status=answer.status)
    return total
