"""The two clouds as one ASGI application: read, obey or misbehave as told, log, send."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from outbox.sandbox.answers import Answer
from outbox.sandbox.background import start_background
from outbox.sandbox.faults import UNAPPLIED, Fault, Kind, faulty_answer
from outbox.sandbox.gate import answer_request
from outbox.sandbox.incoming import Incoming, read_incoming
from outbox.sandbox.journal import Change, LoggedCall
from outbox.sandbox.routing import Place, find_place
from outbox.sandbox.wire import drop_connection, send_answer, send_truncated
from outbox.sandbox.world import World

_DROPS = (Kind.DROP_BEFORE, Kind.DROP_AFTER)


class Clouds:
    """`changed` is called after every request that changed what the clouds hold."""

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self._world = world
        self._changed = changed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at, started = time.time(), time.perf_counter()
        try:
            incoming = await read_incoming(scope, receive)
        except ClientDisconnect:
            return
        wait_s, fault = self._world.faults.strike(incoming.method, incoming.path)
        if wait_s:
            await self._world.faults.wait(wait_s)
        place = find_place(incoming.parts)
        answer = self._answer(incoming, place, fault)
        if not incoming.is_token_request:
            self._log(incoming, place, answer, fault, at, time.perf_counter() - started)
        if fault is not None and fault.kind in _DROPS:
            await drop_connection(scope, receive)
        elif fault is not None and fault.kind is Kind.TRUNCATE:
            await send_truncated(answer, scope, receive, send)
        else:
            await send_answer(answer, send)

    def _answer(self, incoming: Incoming, place: Place | None, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind in UNAPPLIED:
            return faulty_answer(fault, time.time())
        answer = answer_request(self._world, incoming, place)
        if answer.note:
            self._world.journal.changes.append(Change(time.time(), incoming.target, answer.note))
            self._changed()
        return answer if fault is None else self._disguise(answer, incoming, fault)

    def _disguise(self, answer: Answer, incoming: Incoming, fault: Fault) -> Answer:
        """What the client gets to see of an answer to a request that was applied."""
        if fault.kind is Kind.STATUS_AFTER:
            return faulty_answer(fault, time.time())
        if fault.kind is Kind.EMPTY:
            return Answer(fault.status or answer.status, None, answer.headers)
        if fault.kind is Kind.ACCEPTED:
            base_url = "/".join([incoming.origin, *incoming.parts[:3]])
            return start_background(self._world.clouds[incoming.target], answer, base_url)
        return answer

    def _log(
        self,
        incoming: Incoming,
        place: Place | None,
        answer: Answer,
        fault: Fault | None,
        at: float,
        took_s: float,
    ) -> None:
        dropped = fault is not None and fault.kind in _DROPS
        call = LoggedCall(
            at=at,
            target=incoming.target,
            method=incoming.method,
            path=incoming.path,
            status=None if dropped else answer.status,
            took_ms=round(took_s * 1000, 3),
            fault=fault.kind if fault else None,
            request_id=incoming.request_id,
        )
        template = place.template if place else "(no such path)"
        self._world.journal.record(call, f"{incoming.target} {incoming.method} {template}")
