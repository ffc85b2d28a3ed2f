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


@dataclass
class Pages:
    """A list as it is read. number: of the next page. Where the cloud does not tell how many there are, the list ends
    with an empty page, or with the first once more: such a list comes whole whatever page is asked for.
    """

    number: int = 1
    more: bool = True
    _first: list[Item] | None = None

    def turn(self, items: list[Item], answer: Answer) -> list[Item]:
        """What this page adds."""
        total = total_pages(answer)
        if items and total == 0:  # it would end here, and may well go on
            raise Transient(f"{answer.what} was answered with {total} pages", http_status=answer.status)
        again = total is None and self.number > 1 and items == self._first
        self.more = not again and (bool(items) if total is None else self.number < total)
        if self.number == 1:
            self._first = items
        self.number += 1
        if self.number > MAX_PAGES:
            raise Transient(f"{answer.what} has no end", http_status=answer.status)
        return [] if again else items


async def read_pages(errand: Errand, path: str, list_field: str, query: Mapping[str, str]) -> list[Item]:
    """All items; Transient where any page is not as promised."""
    items: list[Item] = []
    pages = Pages()
    while pages.more:
        answer = await errand.call("GET", path, query={**query, "page": pages.number, "per_page": PER_PAGE})
        items += pages.turn(items_of(answer, list_field), answer)
    return items


def items_of(answer: Answer, list_field: str) -> list[Item]:
    rows = answer.body.get(list_field) if isinstance(answer.body, dict) else None
    if not isinstance(rows, list):
        raise Transient(f"{answer.what} was answered without the list {list_field!r}", http_status=answer.status)
    return [item_of(row, answer) for row in rows]


def item_of(row: Any, answer: Answer) -> Item:
    remote_id = legal_id(row.get("id")) if isinstance(row, dict) else None
    if remote_id is None:
        raise Transient(f"{answer.what} was answered with an item without a usable id", http_status=answer.status)
    return Item(remote_id, row)


def total_pages(answer: Answer) -> int | None:
    """Read anew on each page: a list may grow while it is read. None: the cloud does not tell."""
    total = answer.body.get("total_pages")
    if total is not None and (type(total) is not int or not 0 <= total <= MAX_PAGES):
        raise Transient(f"{answer.what} was answered with {str(total)[:20]} pages", http_status=answer.status)
    return total
