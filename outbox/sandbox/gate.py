"""From a request to its answer as the real one would give it: token, limit, path, scope, licence, form, rule."""

from __future__ import annotations

import time
from collections.abc import Container
from dataclasses import replace

from outbox.sandbox.answers import Answer, Call, Refusal, gateway_page, ipp_refusal, refusal
from outbox.sandbox.contract import Api, Endpoint
from outbox.sandbox.incoming import Incoming, read_body, read_form, read_query
from outbox.sandbox.routing import RULES, Place
from outbox.sandbox.tokens import Grant
from outbox.sandbox.world import World


def answer_request(world: World, incoming: Incoming, place: Place | None) -> Answer:
    """Applies the request and answers it; never raises for what a client sends."""
    try:
        if incoming.is_token_request and incoming.target in world.clouds:
            return _give_token(world, incoming)
        if place is None:
            return gateway_page(404, "Not Found")
        return _pass_limit(world, incoming, place)
    except Refusal as refused:
        return refused.answer


def _give_token(world: World, incoming: Incoming) -> Answer:
    if incoming.method != "POST":
        return Answer(405, headers={"Allow": "POST"})
    return world.tokens.issue(incoming.target, read_form(incoming), world.settings, time.monotonic())


def _pass_limit(world: World, incoming: Incoming, place: Place) -> Answer:
    """Every answer from here on carries the rate headers, refusals too."""
    now = time.monotonic()
    grant = world.tokens.find(incoming.authorization, now)
    headers = world.limits.spend(incoming.target, grant.tenant if grant else "", world.settings, now)
    try:
        answer = _obey(world, incoming, place, grant, now)
    except Refusal as refused:
        answer = refused.answer
    return replace(answer, headers={**headers, **answer.headers})


def _obey(world: World, incoming: Incoming, place: Place, grant: Grant | None, now: float) -> Answer:
    cloud = world.clouds[incoming.target]
    granted = _check_grant(grant, incoming.target, place.api, cloud.tenants)
    endpoint = _check_method(place, incoming.method)
    if endpoint.scope not in granted.scopes:
        raise refusal(place.api, 403, f"The token lacks the scope {endpoint.scope}.", "ERROR_FORBIDDEN")
    if granted.tenant in world.settings.unlicensed:
        raise ipp_refusal(403, "No license for this company.", "12027")
    call = Call(
        params=place.params,
        query=read_query(incoming, endpoint),
        body=read_body(incoming, endpoint),
        tenant=granted.tenant,
        if_match=incoming.if_match,
        now=now,
        settings=world.settings,
    )
    return RULES[endpoint.name](cloud, call)


def _check_grant(grant: Grant | None, target: str, api: Api, tenants: Container[str]) -> Grant:
    """A token is good for one target and API; the ERP wants the id of a company in it, the identity API none."""
    belongs = grant is not None and (grant.target, grant.api) == (target, api)
    if grant is None or not belongs or (grant.tenant in tenants) != (api is Api.ERP):
        refused = refusal(
            api, 401, "The token is missing, expired or not for this API and company.", "ERROR_UNAUTHORIZED"
        )
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Refusal(replace(refused.answer, headers=headers))
    return grant


def _check_method(place: Place, method: str) -> Endpoint:
    if not place.methods:
        raise refusal(place.api, 404, "There is no such path.", "ERROR_NOT_FOUND")
    if method not in place.methods:
        refused = refusal(place.api, 405, f"{method} is not allowed here.", "ERROR_METHOD_NOT_ALLOWED")
        raise Refusal(replace(refused.answer, headers={"Allow": ", ".join(sorted(place.methods))}))
    return place.methods[method]
