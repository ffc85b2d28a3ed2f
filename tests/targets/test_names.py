"""Codes and names of any kind, all the way to the cloud: they arrive as they are, or are refused in a sentence.

Never is a request made that leads elsewhere, and never does anything else come of it than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outbox.errors import Refused
from outbox.targets.delivery import Action, Delivered
from tests.targets.cloud import Cloud, Told, firm, person, work
from tests.targets.test_segments import value

ANY = settings(max_examples=40)
# What PostgreSQL can hold in a text, and now and then more than a cloud takes.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.one_of(
    st.text(_CHARACTERS, max_size=30), st.text(_CHARACTERS, min_size=1, max_size=3).map(lambda t: t * 400)
)
TRAPS = (
    "", " ", "\u00a0", "..", "a/../b", "%2e%2e%2f", "a\r\nX-Evil: y", "\n", "\x1b[31m", "\x7f", "\u2028", "\u202eevil",
    "b64(UDEw)", "http://x/", "?email=x", "#1", "a&b=c", "\\..\\", "'; --", '"', "{value}", "\ufeff",
    "\U0001f469\u200d\U0001f680", "e\u0301", "\u00e9", "x" * 300,
)  # fmt: skip


def with_traps(test: Callable[..., None]) -> Callable[..., None]:
    for trap in TRAPS:
        test = example(text=trap)(test)
    return test


@pytest.fixture
def cloud(visma_net: Cloud) -> Iterator[Cloud]:
    yield visma_net
    counts = visma_net.ask("GET", "/sandbox/requests")["counts"]
    assert not [path for path in counts if "no such path" in path]


def made(cloud: Cloud, resource: str, *key: str, **told: Unpack[Told]) -> str | None:
    """Its remote id; None: refused, in a sentence of one line that a log and a database can hold."""
    outcome = cloud.outcome(resource, *key, **told)
    if isinstance(outcome, Delivered):
        return outcome.remote_id
    assert type(outcome) is Refused, repr(outcome)
    assert outcome.why.isprintable()
    return None


@ANY
@with_traps
@given(text=TEXTS)
def test_a_users_name_arrives_as_it_is(cloud: Cloud, text: str) -> None:
    """First and last name; an e-mail address that is none is refused before anybody is mailed."""
    cloud.ask("POST", "/sandbox/reset")
    user = made(cloud, "users", text, document=person(first_name=text, last_name=text))
    if user is not None:
        held = cloud.state["users"][user]
        assert (held["first_name"], held["last_name"]) == (text, text)
    before = cloud.invited
    if made(cloud, "users", "2", document=person(email=text)) is None:
        assert cloud.invited == before


@ANY
@with_traps
@given(text=TEXTS)
def test_a_company_is_found_again_by_any_code(cloud: Cloud, text: str) -> None:
    """Its external id is made of it, and searched by it."""
    cloud.ask("POST", "/sandbox/reset")
    tenant = made(cloud, "companies", text, document=firm(name=text or "x", city=text))
    if tenant is not None:
        assert cloud.state["tenants"][tenant]["external_id"] == f"AV1-{text}"
        assert made(cloud, "companies", text, document=firm(kvk_number=None)) == tenant


@ANY
@with_traps
@given(text=TEXTS)
def test_a_cost_carrier_has_the_code_and_the_description_that_it_was_given(cloud: Cloud, text: str) -> None:
    """In a path as b64(...) or percent-encoded, in a body as JSON; what is too long for the ERP is refused."""
    cloud.ask("POST", "/sandbox/reset")
    tenant = cloud.company()
    if made(cloud, "projects", "001", text, document=work(description=text), parents=(tenant,)) is not None:
        change: Told = {"action": Action.UPDATE, "remote_id": f"{tenant}/{text}", "parents": (tenant,)}
        change["document"] = work(description="Kelder")
        assert made(cloud, "projects", "001", text, **change)
        assert [p["description"] for p in cloud.state["projects"][tenant].values()] == ["Kelder"]
    good, odd = cloud.deliver_batch(value("110", tenant), value(text, tenant, description=text))
    assert isinstance(good, Delivered)
    if isinstance(odd, Delivered):
        assert cloud.state["segments"][tenant]["1"][text]["description"] == text
