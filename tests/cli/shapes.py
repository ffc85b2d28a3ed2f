"""Is JSON of the shape that a dataclass says? The schema of what the commands print is their dataclasses."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any


def misfits(value: Any, wanted: Any, where: str = "$") -> list[str]:
    """Each place at which the value is not as the type says; no more and no fewer names than the dataclass has."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any:
        return []
    if origin in (typing.Union, types.UnionType):
        return [] if any(not misfits(value, a, where) for a in arguments) else [f"{where}: {value!r} is no {wanted}"]
    if origin is typing.Literal:
        return [] if value in arguments else [f"{where}: {value!r} is none of {arguments}"]
    if is_dataclass(wanted):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        hints = typing.get_type_hints(wanted)
        names = {f.name for f in fields(wanted)}
        found = [f"{where}: {name} is missing or unknown" for name in names ^ value.keys()]
        return found + [m for n in names & value.keys() for m in misfits(value[n], hints[n], f"{where}.{n}")]
    if origin in (tuple, list):
        item = arguments[0]
        return [m for i, v in enumerate(value) for m in misfits(v, item, f"{where}[{i}]")]
    if origin is dict:
        return [m for k, v in value.items() for m in misfits(v, arguments[1], f"{where}.{k}")]
    if wanted is datetime:
        return [] if isinstance(value, str) and datetime.fromisoformat(value) else [f"{where}: {value!r} is no time"]
    if wanted is float:
        return [] if isinstance(value, int | float) else [f"{where}: {value!r} is no number"]
    expected = type(None) if wanted is None else wanted
    return [] if type(value) is expected else [f"{where}: {value!r} is no {wanted}"]
