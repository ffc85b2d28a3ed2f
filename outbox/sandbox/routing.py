"""From a path to an endpoint of the contract, and from there to the function that holds its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from outbox.sandbox import applications, background, projects, segments, tenants, users
from outbox.sandbox.answers import Answer, Call
from outbox.sandbox.contract import ENDPOINTS, Api, Endpoint
from outbox.sandbox.state import Cloud

Rule = Callable[[Cloud, Call], Answer]
MODULES = (applications, background, projects, segments, tenants, users)

# By the names of the contract.
RULES: dict[str, Rule] = {
    endpoint.name: next(getattr(m, endpoint.name) for m in MODULES if hasattr(m, endpoint.name))
    for endpoint in ENDPOINTS
}

# AccountView.Net is reached through the identity API alone.
BASES: dict[tuple[str, ...], Api] = {
    ("accountview_net", "identity", "v1.0"): Api.IDENTITY,
    ("visma_net", "identity", "v1.0"): Api.IDENTITY,
    ("visma_net", "erp", "v1"): Api.ERP,
}


@dataclass(frozen=True)
class _Path:
    template: str
    parts: tuple[str | None, ...]  # None: a parameter
    methods: dict[str, Endpoint]

    def match(self, parts: list[str]) -> tuple[str, ...] | None:
        values = []
        for mine, given in zip(self.parts, parts, strict=True):
            if mine is None:
                values.append(given)
            elif mine != given:
                return None
        return tuple(values)


def _parse(template: str) -> tuple[str | None, ...]:
    return tuple(None if part.startswith("{") else part for part in template[1:].split("/"))


def _table() -> dict[tuple[Api, int], list[_Path]]:
    """By API and length: no two of the contract's paths of one length match the same request."""
    paths: dict[tuple[Api, str], dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault((endpoint.api, endpoint.path), {})[endpoint.method] = endpoint
    table: dict[tuple[Api, int], list[_Path]] = {}
    for (api, template), methods in paths.items():
        parts = _parse(template)
        table.setdefault((api, len(parts)), []).append(_Path(template, parts, methods))
    return table


_TABLE = _table()


@dataclass(frozen=True)
class Place:
    """Where a path leads to: `methods` is empty when the API has no such path."""

    api: Api
    template: str
    methods: Mapping[str, Endpoint]
    params: tuple[str, ...] = ()


def find_place(parts: list[str]) -> Place | None:
    """`parts` of the whole path, target and API first. None: there is no API at all."""
    api = BASES.get(tuple(parts[:3]))
    if api is None:
        return None
    for path in _TABLE.get((api, len(parts) - 3), ()):
        params = path.match(parts[3:])
        if params is not None and "" not in params:
            return Place(api, path.template, path.methods, params)
    return Place(api, "(no such path)", {})
