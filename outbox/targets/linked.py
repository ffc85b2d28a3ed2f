"""What users and companies have in common: objects with an id that the cloud gives. Match first, then link, then use
the id alone (also when the e-mail address changes).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from outbox.config import TargetSettings
from outbox.errors import Ambiguous, CloudError, Transient, Unknown
from outbox.targets.answers import Answer, Verdict
from outbox.targets.api import Errand
from outbox.targets.claims import Claims
from outbox.targets.delivery import Action, Delivered, Delivery, Owner
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.pages import Item
from outbox.targets.wire import legal_id


class Linked(ABC):
    """One kind of such objects. Below are the questions in which users and companies differ."""

    resource: str

    def __init__(self, endpoints: IdentityEndpoints, settings: TargetSettings) -> None:
        self.endpoints = endpoints
        self.settings = settings
        self.claims = Claims(self.resource)

    @property
    @abstractmethod
    def collection(self) -> str:
        """The address of all objects."""

    @abstractmethod
    def item(self, remote_id: str) -> str:
        """The address of one object."""

    @abstractmethod
    def body(self, delivery: Delivery) -> dict[str, Any]:
        """The full state."""

    @abstractmethod
    def contended(self, delivery: Delivery) -> tuple[str, ...]:
        """The natural keys by which another key of ours might find the same object."""

    @abstractmethod
    async def find(self, natural_key: str, errand: Errand) -> list[Item]:
        """What the cloud holds under a natural key."""

    @abstractmethod
    async def candidates(self, delivery: Delivery, errand: Errand, owner: Owner) -> set[str]:
        """The ids that this key may be linked to."""

    @abstractmethod
    async def taken(self, answer: Answer, delivery: Delivery, errand: Errand, owner: Owner) -> CloudError:
        """An update that was answered "exists": something else has the natural key."""

    @abstractmethod
    async def gone(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        """An update of an object that the cloud no longer has."""

    async def deliver(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        match delivery.action:
            case Action.CREATE:
                return await self.create(delivery, errand, owner)
            case Action.UPDATE:
                return await self._update(delivery, errand, owner)
            case Action.REMOVE:
                return await self._remove(delivery, errand)
            case Action.LOOK:
                return await self._look(delivery, errand, owner)

    async def create(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        async with self.claims.searching(*self.contended(delivery)):
            delivered = await self._adopt(delivery, errand, owner)
            if delivered is None:
                delivered = await self._post(delivery, errand, owner)
            if delivered.remote_id is not None:
                self.claims.note(delivered.remote_id, delivery.key)
            return delivered

    async def _adopt(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered | None:
        """None: nothing is there to be adopted."""
        remote_id = _only(await self.candidates(delivery, errand, owner))
        if remote_id is None:
            return None
        delivered = await self._put(remote_id, delivery, errand, owner)
        if delivered is None:
            raise Transient(f"{remote_id} of {self.resource} was found, and then was gone")
        return Delivered(remote_id, delivered.etag, delivered.http_status, adopted=True)

    async def _post(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        answer = await errand.call("POST", self.collection, self.body(delivery), also=(Verdict.EXISTS,))
        if answer.verdict is Verdict.EXISTS:
            delivered = await self._adopt(delivery, errand, owner)
            if delivered is None:
                raise Transient(f"{answer.what}: the cloud has it ({answer.words}), but does not list it yet")
            return delivered
        remote_id = legal_id(answer.body.get(self.endpoints.id)) if isinstance(answer.body, dict) else None
        if remote_id is None:
            why = f"{answer.what} was answered {answer.status} without a usable id"
            raise Unknown(why, http_status=answer.status)
        return Delivered(remote_id, answer.etag, answer.status)

    async def _update(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        remote_id = _linked_to(delivery)
        delivered = await self._put(remote_id, delivery, errand, owner)
        if delivered is None:
            return await self.gone(delivery, errand, owner)
        self.claims.note(remote_id, delivery.key)
        return delivered

    async def _put(self, remote_id: str, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered | None:
        """The full state under this id; None: the cloud has no such object."""
        also = (Verdict.NOT_FOUND, Verdict.EXISTS)
        answer = await errand.call("PUT", self.item(remote_id), self.body(delivery), also=also)
        if answer.verdict is Verdict.NOT_FOUND:
            return None
        if answer.verdict is Verdict.EXISTS:
            raise await self.taken(answer, delivery, errand, owner)
        return Delivered(remote_id, answer.etag, answer.status)

    async def _remove(self, delivery: Delivery, errand: Errand) -> Delivered:
        remote_id = _linked_to(delivery)
        answer = await errand.call("DELETE", self.item(remote_id), also=(Verdict.NOT_FOUND,))
        self.claims.release(remote_id)
        return Delivered(remote_id, http_status=answer.status)

    async def _look(self, delivery: Delivery, errand: Errand, owner: Owner) -> Delivered:
        """Every natural key that was ever sent and is not cleared up: the document may have changed since."""
        found: set[str] = set()
        for natural_key in delivery.sending:
            for item in await self.find(natural_key, errand):
                if await self.claims.other(item.id, delivery.key, owner) is None:
                    found.add(item.id)
        return Delivered(_only(found))


def _only(found: set[str]) -> str | None:
    if len(found) > 1:
        names = ", ".join(sorted(found)[:5])
        raise Ambiguous(f"the cloud has {len(found)} that could be meant ({names}); link the right one")
    return next(iter(found), None)


def _linked_to(delivery: Delivery) -> str:
    """An update or removal is of something that is linked; without an id it is the caller's mistake."""
    if delivery.remote_id is None:
        raise ValueError(f"{delivery.action} of {delivery.resource} without a remote id")
    return delivery.remote_id
