"""The page `outbox help messages`: its statements run, and their results are the ones that stand there."""

from __future__ import annotations

import json
import re

from outbox.cli.help import PAGES
from tests.lane import World

BLOCK = re.compile(r"```(sql|text)\n(.*?)```", re.DOTALL)


def test_one_change_through_all_tables(erp: World) -> None:
    """As a reader would see it who stops the relay between two of its steps."""
    erp.sql("INSERT INTO accountview.administrations (code, name, street, postal_code, city)"
            " VALUES ('A100', 'Honderd', 'Dam 1', '1012 AB', 'Amsterdam')")  # fmt: skip
    erp.company("001", "A100")
    erp.sql("INSERT INTO accountview.projects (administration_code, code, description, start_date)"
            " VALUES ('A100', 'P0101', 'Dak', '2026-01-01')")  # fmt: skip
    erp.settled()
    blocks = BLOCK.findall((PAGES / "messages.md").read_text(encoding="utf-8"))
    (_, change), *rest = blocks
    queries, results = [text for kind, text in rest if kind == "sql"], [text for kind, text in rest if kind == "text"]
    assert len(queries) == len(results) == 4
    erp.sql(change)
    assert table(erp, queries[0]) == results[0]
    with erp.stepping() as relay:
        relay.begin()
        assert table(erp, queries[1]) == results[1]
        relay.land()
        relay.settle()
        assert table(erp, queries[2]) == results[2]
        assert table(erp, queries[3]) == results[3]


def table(world: World, query: str) -> str:
    """As it stands on the page."""
    cursor = world.database.execute(query)
    head = [c.name for c in cursor.description or ()]
    lines = [head, *([_text(value) for value in row] for row in cursor.fetchall())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "t" if value else "f"
        case list():
            return "{" + ",".join(value) + "}"
        case dict():
            return json.dumps(value)
    return str(value)
