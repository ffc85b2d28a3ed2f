"""`/sandbox/...`: what the vendor does not have. To look inside, to set faults, to begin anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from outbox.sandbox.faults import parse_fault
from outbox.sandbox.overview import overview
from outbox.sandbox.state import Application
from outbox.sandbox.world import World


class _BadRequest(Exception):
    """What was sent makes no sense, in a sentence."""


async def _read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise _BadRequest("the body is not JSON") from error


async def _answer_bad(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


EXCEPTION_HANDLERS = {_BadRequest: _answer_bad}


class Control:
    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self._world = world
        self._changed = changed

    def routes(self) -> list[Route]:
        return [
            Route("/state", self._state),
            Route("/overview", self._overview),
            Route("/invitations", self._invitations),
            Route("/requests", self._requests),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._add_faults, methods=["POST"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
            Route("/settings", self._settings, methods=["GET"]),
            Route("/settings", self._change_settings, methods=["POST"]),
            Route("/applications", self._add_applications, methods=["POST"]),
            Route("/tokens", self._revoke_tokens, methods=["DELETE"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self._world.holdings())

    async def _overview(self, request: Request) -> Response:
        """For the page. `?seen=` the version it shows: 204 when nothing happened since."""
        shown = overview(self._world)
        if request.query_params.get("seen") == shown["version"]:
            return Response(status_code=204)
        return JSONResponse(shown)

    async def _invitations(self, request: Request) -> Response:
        mails = [
            {"target": target, **asdict(mail)}
            for target, cloud in self._world.clouds.items()
            for mail in cloud.invitations
        ]
        return JSONResponse(sorted(mails, key=lambda mail: mail["at"]))

    async def _requests(self, request: Request) -> Response:
        """`?last=n`: how many of the latest calls to list, 100 unless told."""
        last = request.query_params.get("last", "100")
        if not (last.isascii() and last.isdigit()):
            raise _BadRequest("last is a number of calls")
        return JSONResponse(self._world.journal.report(int(last)))

    async def _list_faults(self, request: Request) -> Response:
        return JSONResponse(self._world.faults.described())

    async def _add_faults(self, request: Request) -> Response:
        given = await _read_json(request)
        try:
            parsed = [parse_fault(fault) for fault in (given if isinstance(given, list) else [given])]
        except ValueError as error:
            raise _BadRequest(str(error)) from error
        for fault in parsed:
            self._world.faults.add(fault)
        return JSONResponse(self._world.faults.described(), 201)

    async def _clear_faults(self, request: Request) -> Response:
        self._world.faults.clear()
        return Response(status_code=204)

    async def _settings(self, request: Request) -> Response:
        return JSONResponse(asdict(self._world.settings))

    async def _change_settings(self, request: Request) -> Response:
        given = await _read_json(request)
        if not isinstance(given, dict):
            raise _BadRequest("an object is expected: names and values of settings")
        try:
            self._world.settings.change(given)
        except ValueError as error:
            raise _BadRequest(str(error)) from error
        return await self._settings(request)

    async def _add_applications(self, request: Request) -> Response:
        """A list of {"id", "name", "vendor"}: into the catalogue of both targets, in place of one with the same id."""
        given = await _read_json(request)
        names = [f.name for f in fields(Application)]
        try:
            apps = [Application(**app) for app in given]
        except TypeError as error:
            raise _BadRequest(f"a list of applications is expected, each with {', '.join(names)}") from error
        for cloud in self._world.clouds.values():
            cloud.applications.update({app.id: app for app in apps})
        self._changed()
        return Response(status_code=204)

    async def _revoke_tokens(self, request: Request) -> Response:
        """Every token given so far is worth nothing from now on."""
        self._world.tokens.revoke_all()
        return Response(status_code=204)

    async def _reset(self, request: Request) -> Response:
        self._world.reset()
        self._changed()
        return Response(status_code=204)
