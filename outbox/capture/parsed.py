"""The text of a definition as a tree. One plan looks at it more than once, and parsing takes most of its time."""

from __future__ import annotations

import sys
from functools import lru_cache

import sqlglot
from sqlglot import exp

from outbox.capture.catalogue import Relation
from outbox.capture.levels import NotUnderstood

# `a || b || c` comes in as many parentheses, of which each takes the parser twenty calls: fifty would be too many.
sys.setrecursionlimit(10_000)


def parse(view: Relation) -> exp.Expr:
    """A tree of the caller's own, with other nodes each time. Raises NotUnderstood."""
    try:
        return _parse(view.definition).copy()
    except (sqlglot.errors.SqlglotError, RecursionError) as e:
        raise NotUnderstood(f"sqlglot cannot parse the definition of {view.dotted}") from e


@lru_cache(maxsize=500)
def _parse(definition: str) -> exp.Expr:
    return sqlglot.parse_one(definition, dialect="postgres")
