"""The sandbox seen from a test: deliveries through a real target, over real HTTP, and what the cloud then holds."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypedDict, TypeVar, Unpack

from outbox.config import CompanySettings, TargetSettings
from outbox.sandbox import settings as sandbox_settings
from outbox.targets import connect
from outbox.targets.delivery import Action, Call, Delivered, Delivery, Document, Key, Outcome
from outbox.targets.rates import Gate, Rate

# For a machine that is busy: what has to be late waits for a deadline of its own.
DEADLINE_S = 20.0
E = TypeVar("E", bound=Exception)
T = TypeVar("T")


class Rest(TypedDict, total=False):
    """Of a Delivery what is not told by place."""

    message_id: int
    document: Document | None
    acknowledged: Document | None
    remote_id: str | None
    parents: tuple[str, ...]
    etag: str | None
    sending: tuple[str, ...]
    in_doubt: bool


class Told(Rest, total=False):
    action: Action


def settings_for(base_url: str, name: str, **changes: Any) -> TargetSettings:
    defaults = CompanySettings(template="STANDARD")
    given = {"licence_prefix": "AV1-", "deadline_s": DEADLINE_S, "defaults": defaults, **changes}
    return replace(sandbox_settings(base_url)[name], **given)


def delivery(resource: str, key: Key, action: Action = Action.CREATE, **rest: Unpack[Rest]) -> Delivery:
    return replace(Delivery(resource, key, action, message_id=17), **rest)


class Heard(Gate):
    """rates: what the answers said of the limits, by company."""

    def __init__(self) -> None:
        self.rates: dict[str, Rate] = {}

    def left(self, company: str, rate: Rate | None, answered: bool) -> None:
        if rate is not None:
            self.rates[company] = rate


class Cloud:
    """One target, connected to the sandbox. `owners` is what the mirror would say: (resource, remote id) -> key."""

    def __init__(self, base_url: str, settings: TargetSettings) -> None:
        self.base_url = base_url
        self.settings = settings
        self.owners: dict[tuple[str, str], Key] = {}
        self.calls: list[tuple[Delivery, Call]] = []
        self._runner = asyncio.Runner()
        self.heard = Heard()
        self.target = connect(settings, self.heard)

    def close(self) -> None:
        self._runner.run(self.target.close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    # -- deliveries --------------------------------------------------------------------------------------------

    def deliver_batch(self, *batch: Delivery) -> list[Outcome]:
        return self.run(self._deliver(list(batch)))

    def deliver_together(self, *deliveries: Delivery) -> list[Outcome]:
        """Each on its own, all at once."""

        async def together() -> list[Outcome]:
            return [o for (o,) in await asyncio.gather(*(self._deliver([d]) for d in deliveries))]

        return self.run(together())

    def outcome(self, resource: str, *key: str, **told: Unpack[Told]) -> Outcome:
        (outcome,) = self.deliver_batch(replace(delivery(resource, key), **told))
        return outcome

    def done(self, resource: str, *key: str, **told: Unpack[Told]) -> Delivered:
        """An outcome that must be Delivered; what was given an id is linked, as the relay would."""
        outcome = self.outcome(resource, *key, **told)
        assert isinstance(outcome, Delivered), repr(outcome)
        if outcome.remote_id and told.get("action", Action.CREATE) in (Action.CREATE, Action.UPDATE):
            self.owners[(resource, outcome.remote_id)] = key
        return outcome

    def failed(self, kind: type[E], resource: str, *key: str, **told: Unpack[Told]) -> E:
        """An outcome that must be an error of exactly this kind."""
        outcome = self.outcome(resource, *key, **told)
        assert isinstance(outcome, kind), repr(outcome)
        assert type(outcome) is kind, repr(outcome)
        return outcome

    async def _deliver(self, batch: list[Delivery]) -> list[Outcome]:
        return await self.target.deliver(batch, self.owner, self.log)

    async def owner(self, resource: str, remote_id: str) -> Key | None:
        return self.owners.get((resource, remote_id))

    def log(self, delivery: Delivery, call: Call) -> None:
        self.calls.append((delivery, call))

    @property
    def sent(self) -> list[str]:
        """The calls as the target logged them: ["GET /users", "POST /users"]."""
        return [f"{call.method} {call.path}" for _, call in self.calls]

    def hurry(self, deadline_s: float) -> None:
        """The deadline of the calls from now on."""
        self.target._http._deadline_s = deadline_s

    # -- things to start from ----------------------------------------------------------------------------------

    def user(self, code: str = "jansen", **changes: Any) -> str:
        remote_id = self.done("users", code, document=person(**{"email": f"{code}@bedrijf.nl", **changes})).remote_id
        assert remote_id
        self.calls.clear()
        return remote_id

    def company(self, code: str = "001", **changes: Any) -> str:
        remote_id = self.done("companies", code, document=firm(**changes)).remote_id
        assert remote_id
        self.calls.clear()
        return remote_id

    # -- the sandbox -------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return ask(self.base_url, method, path, body)

    def fault(self, **fault: Any) -> None:
        self.ask("POST", "/sandbox/faults", fault)

    def change(self, **settings: Any) -> None:
        self.ask("POST", "/sandbox/settings", settings)

    @property
    def state(self) -> dict[str, Any]:
        """What this target's cloud holds."""
        held: dict[str, Any] = self.ask("GET", "/sandbox/state")[self.settings.name]
        return held

    @property
    def invited(self) -> list[str]:
        return [mail["email"] for mail in self.ask("GET", "/sandbox/invitations")]


def ask(base_url: str, method: str, path: str, body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base_url + path, content, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def person(**changes: Any) -> Document:
    filled = {"first_name": "Jan", "last_name": "Jansen", "email": "jansen@bedrijf.nl", "language": "nl"}
    return {**filled, "country_code": "NL", **changes}


def firm(**changes: Any) -> Document:
    filled = {"name": "Bakker BV", "kvk_number": "12345678", "street": "Dorpsstraat 1", "postal_code": "1000 AA"}
    return {**filled, "city": "Ons Dorp", "country_code": "NL", **changes}


def work(**changes: Any) -> Document:
    """A project."""
    filled = {"description": "Dak", "start_date": "2024-01-01", "end_date": None, "status": "Active"}
    return {**filled, "template": None, **changes}
