"""The two APIs' ways to page a list."""

from __future__ import annotations

from typing import Any

from outbox.sandbox.answers import Answer, Call, erp_refusal, identity_refusal

LARGEST_PAGE = 100
LARGEST_ERP_PAGE = 500


def _number(call: Call, name: str, default: int) -> int | None:
    text = call.query.get(name, str(default))
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10**9 else None


def paged(name: str, rows: list[dict[str, Any]], call: Call) -> Answer:
    """The identity API: `{name: [...], page, per_page, total_pages, total_<name>}`; a page past the end is empty."""
    page, size = _number(call, "page", 1), _number(call, "per_page", 50)
    if page is None or size is None or size > LARGEST_PAGE:
        raise identity_refusal(422, "ERROR_INVALID_REQUEST", f"page is 1 or more, per_page 1 to {LARGEST_PAGE}.")
    return Answer(
        200,
        {
            name: rows[(page - 1) * size : page * size],
            "page": page,
            "per_page": size,
            "total_pages": max(1, -(-len(rows) // size)),
            f"total_{name}": len(rows),
        },
    )


def erp_paged(rows: list[dict[str, Any]], call: Call) -> Answer:
    """The ERP: a plain list, each row of which says how many there are. A larger page than allowed is cut down without
    a word, as the published contract says.
    """
    page, size = _number(call, "pageNumber", 1), _number(call, "pageSize", LARGEST_ERP_PAGE)
    if page is None or size is None:
        raise erp_refusal(400, "pageNumber and pageSize must be positive numbers.")
    size = min(size, LARGEST_ERP_PAGE)
    metadata = {"totalCount": len(rows), "maxPageSize": LARGEST_ERP_PAGE}
    return Answer(200, [{**row, "metadata": metadata} for row in rows[(page - 1) * size : page * size]])
