"""Filling in the templates of sql/capture, so that what comes out reads as if a person wrote it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from outbox import sqlfiles

_LINE = 80
_COMMENT = 118
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_PLACEHOLDER = re.compile(r"(?m)^(?P<indent> *)@(?P<line>\w+)$|@(?P<word>\w+)")


def fill(file: str, **values: str) -> str:
    """sql/capture/<file>.sql with its @words filled in, and indented as the template is there.

    A line of which nothing is left goes.
    """
    template = sqlfiles.read(f"capture/{file}.sql").rstrip("\n")

    def put(match: re.Match[str]) -> str:
        if match["line"]:
            return textwrap.indent(values[match["line"]], match["indent"])
        line = template[template.rfind("\n", 0, match.start()) + 1 :]
        indent = " " * (len(line) - len(line.lstrip()))
        return values[match["word"]].replace("\n", f"\n{indent}")

    return re.sub(r"\n(?: *\n)+", "\n", _PLACEHOLDER.sub(put, template)).rstrip()


def literal(text: str) -> str:
    """A string constant, on one line, which says the same where a session has standard_conforming_strings off."""
    quoted = text.replace("'", "''")
    if any(c in text for c in "\n\r\\"):
        return "E'" + quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") + "'"
    return f"'{quoted}'"


def on_one_line(sql: str) -> str:
    """A name or type as written in SQL, where no line can break inside the quotes: comments and indents stay whole.

    >>> on_one_line('src."a\\nb"')
    'src.U&"a\\\\000Ab"'
    """
    if "\n" not in sql and "\r" not in sql:
        return sql
    escaped = sql.replace("\\", "\\\\").replace("\n", "\\000A").replace("\r", "\\000D")
    return _QUOTED.sub(r"U&\g<0>", escaped)


def spread(items: Iterable[str], between: str = ",\n") -> str:
    """Separated by commas: on one line when it is short, else each on its own."""
    found = list(items)
    line = ", ".join(found)
    return line if len(line) <= _LINE and "\n" not in line else between.join(found)


def resource_list(about: Iterable[tuple[str, str]]) -> str:
    """Targets and resources as rows of m."""
    rows = spread(f"({literal(target)}, {literal(resource)})" for target, resource in about)
    rows = f"\n{textwrap.indent(rows, '    ')}\n" if "\n" in rows else f" {rows}"
    return f"(VALUES{rows}) AS m (target, resource)"


def json_object(pairs: Iterable[tuple[str, str]]) -> str:
    """A JSON object: names, and expressions for their values."""
    inner = ", ".join(f"{literal(name)}, {value}" for name, value in pairs)
    return f"jsonb_build_object({inner})" if inner else "'{}'::jsonb"


def comment(text: str, start: str, more: str | None = None) -> list[str]:
    """The lines of a comment; `more` begins each after the first. A name with a line break in it stays inside."""
    following = f"{start}  " if more is None else more or start
    return textwrap.wrap(text, _COMMENT, initial_indent=start, subsequent_indent=following, break_long_words=False)
