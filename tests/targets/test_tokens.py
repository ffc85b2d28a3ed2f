"""Tokens per client, tenant and scope; renewed before their end, one renewal at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from outbox.config import Secret, load
from outbox.errors import NotAllowed, PlatformDown, Transient
from outbox.targets.delivery import Action, Delivered
from outbox.targets.http import Http
from outbox.targets.tokens import Company, Tokens
from tests.targets.cloud import DEADLINE_S, Cloud, Told, delivery, person, work
from tests.targets.raw import TOKEN, RawServer, http, reset

HELD: Told = {"action": Action.UPDATE, "remote_id": "u1", "document": person()}
OK = http(200, {"id": "u1"})


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Cache:
    """A token cache with a clock of its own."""

    def __init__(self, cloud: Cloud, connections: Http, clock: Clock) -> None:
        self._cloud = cloud
        self.tokens = Tokens(connections, cloud.settings, clock)

    def __call__(self, scope: str = "a b", company: Company | None = None) -> str:
        token: str = self._cloud.run(self.tokens.get(scope, company))
        return token


@pytest.fixture
def get_token(raw_cloud: Cloud, clock: Clock) -> Iterator[Cache]:
    connections = Http(connections=1, deadline_s=DEADLINE_S)
    yield Cache(raw_cloud, connections, clock)
    raw_cloud.run(connections.close())


def test_what_is_asked_for(raw: RawServer, get_token: Cache) -> None:
    """A form with grant_type, client_id, client_secret, scope, and for the ERP the company's tenant_id."""
    get_token()
    get_token("erp", Company("001", "tenant-1"))
    first, second = (parse_qs(body.decode()) for body in raw.token_requests)
    client = {"grant_type": ["client_credentials"], "client_id": ["client"], "client_secret": ["canary-secret"]}
    assert first == {**client, "scope": ["a b"]}
    assert second == {**client, "scope": ["erp"], "tenant_id": ["tenant-1"]}


def test_one_token_per_scope_and_tenant(raw: RawServer, get_token: Cache) -> None:
    """Asked for once each, used by all calls."""
    for _ in range(3):
        get_token("a")
        get_token("b")
        get_token("a", Company("001", "tenant-1"))
        get_token("a", Company("002", "tenant-2"))
    assert len(raw.token_requests) == 4


@pytest.mark.parametrize(("lives_s", "used_s"), [(500, 440), (30, 15)])
def test_a_token_is_renewed_60_s_before_its_end(
    raw: RawServer, clock: Clock, get_token: Cache, lives_s: int, used_s: int
) -> None:
    """By the expires_in that the server gave. One of a short life is used for half of it: 60 s before the end would be
    before its beginning, and every call would ask for a token.
    """
    raw.tokens = [http(200, {**TOKEN, "expires_in": lives_s}), http(200, {**TOKEN, "access_token": "token-2"})]
    assert get_token() == "token-1"
    clock.now += used_s - 1
    assert get_token() == "token-1"
    clock.now += 1
    assert get_token() == "token-2"


def test_many_calls_at_once_ask_for_one_token(raw: RawServer, raw_cloud: Cloud) -> None:
    """One renewal at a time per client, tenant and scope."""
    raw.answers = [OK]
    many = [delivery("users", (str(i),), Action.UPDATE, remote_id=f"u{i}", document=person()) for i in range(8)]
    raw_cloud.deliver_together(*many)
    assert len(raw.requests) == 8
    assert len(raw.token_requests) == 1


def test_a_failed_renewal_fails_all_who_wait_for_it_at_once(raw: RawServer, raw_cloud: Cloud) -> None:
    """Not one deadline after the other."""
    raw.tokens = [reset]
    many = [delivery("users", (str(i),), Action.UPDATE, remote_id=f"u{i}", document=person()) for i in range(8)]
    outcomes = raw_cloud.deliver_together(*many)
    assert {type(o) for o in outcomes} == {PlatformDown}
    assert len(raw.token_requests) == 1


def test_a_401_in_the_middle_is_answered_by_one_new_token(raw: RawServer, raw_cloud: Cloud) -> None:
    """401 says that nothing was done: the call is made again."""
    raw.tokens = [http(200, TOKEN), http(200, {**TOKEN, "access_token": "token-2"})]
    raw.answers = [OK]
    raw_cloud.done("users", "jansen", **HELD)
    raw.refused.add("token-1")
    raw_cloud.done("users", "jansen", **HELD)
    assert [h["authorization"] for _, _, h, _ in raw.requests] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert [c.http_status for _, c in raw_cloud.calls] == [200, 401, 200]


def test_a_token_renewed_meanwhile_is_not_thrown_away(raw: RawServer, get_token: Cache) -> None:
    """Somebody's late 401 is about the old one."""
    raw.tokens = [http(200, TOKEN), http(200, {**TOKEN, "access_token": "token-2"})]
    get_token()
    for expected in ("token-2", "token-2"):
        get_token.tokens.forget("a b", None, "token-1")
        assert get_token() == expected
    assert len(raw.token_requests) == 2


def test_a_401_with_a_new_token_is_not_allowed(raw: RawServer, raw_cloud: Cloud) -> None:
    """Once, then pause and say so."""
    raw.answers = [http(401)]
    error = raw_cloud.failed(NotAllowed, "users", "jansen", **HELD)
    assert (error.http_status, error.company, len(raw.requests)) == (401, None, 2)


def test_a_401_of_many_asks_for_one_new_token(raw: RawServer, raw_cloud: Cloud) -> None:
    """One renewal for all of them."""
    raw.tokens = [http(200, TOKEN), http(200, {**TOKEN, "access_token": "token-2"})]
    raw.answers = [OK]
    raw_cloud.done("users", "jansen", **HELD)
    raw.refused.add("token-1")
    many = [delivery("users", (str(i),), Action.UPDATE, remote_id=f"u{i}", document=person()) for i in range(8)]
    assert all(isinstance(o, Delivered) for o in raw_cloud.deliver_together(*many))
    assert len(raw.token_requests) == 2


def test_an_expired_token_is_renewed_by_the_sandbox_too(visma_net: Cloud) -> None:
    """The real thing: every token revoked in the middle of a run."""
    remote_id = visma_net.user()
    visma_net.ask("DELETE", "/sandbox/tokens")
    visma_net.done("users", "jansen", action=Action.UPDATE, remote_id=remote_id, document=person(first_name="Joost"))
    assert visma_net.state["users"][remote_id]["first_name"] == "Joost"


def test_a_wrong_secret_is_named_by_its_setting_and_never_shown(open_cloud: Callable[..., Cloud]) -> None:
    """The words name target and setting."""
    cloud = open_cloud("visma_net", client_secret=Secret("canary-wrong"))
    error = cloud.failed(NotAllowed, "users", "jansen", document=person())
    assert "client_secret of target visma_net" in error.why
    assert "invalid_client" in error.why
    assert "canary" not in repr(error) + str(error) + repr(cloud.settings)
    assert error.company is None


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of the secret."""
    file = tmp_path / "secret"
    file.write_text("sandbox-secret")
    file.chmod(0o600)
    return file


def secret_in(kept: Path) -> Secret:
    return load(env={"OUTBOX_VISMA_NET_CLIENT_SECRET_FILE": str(kept)}).targets["visma_net"].client_secret


def test_a_secret_that_was_changed_is_read_again(open_cloud: Callable[..., Cloud], kept: Path) -> None:
    """In the middle of a run: the vendor takes the old one no more, its file has the new one, nothing is restarted."""
    cloud = open_cloud("visma_net", client_secret=secret_in(kept))
    held: Told = {"action": Action.UPDATE, "remote_id": cloud.user(), "document": person()}
    cloud.change(client_secret="n3w")
    cloud.ask("DELETE", "/sandbox/tokens")
    cloud.failed(NotAllowed, "users", "jansen", **held)
    kept.write_text("n3w")
    cloud.done("users", "jansen", **held)


def test_a_changed_secret_is_found_by_each_of_many_tokens(open_cloud: Callable[..., Cloud], kept: Path) -> None:
    """Each company has a token of its own. All are refused at once, and only the first finds a file that is newer than
    what is known by then.
    """
    cloud = open_cloud("visma_net", client_secret=secret_in(kept))
    works = [
        delivery("projects", (code, "P1"), document=work(), parents=(cloud.company(code),)) for code in ("1", "2", "3")
    ]
    cloud.change(client_secret="n3w")
    kept.write_text("n3w")
    cloud.fault(path="/connect/token$", kind="latency", latency_ms=50)
    assert [repr(o) for o in cloud.deliver_together(*works) if not isinstance(o, Delivered)] == []


def test_a_secret_that_is_gone_or_the_same_is_asked_with_once(raw: RawServer, raw_cloud: Cloud, kept: Path) -> None:
    """Nothing new in its file, or no file: the refusal stands, and the vendor is not asked again for the same."""
    raw.tokens = [http(401, {"error": "invalid_client"})]
    with closing(Cloud(raw.url, replace(raw_cloud.settings, client_secret=secret_in(kept)))) as cloud:
        cloud.failed(NotAllowed, "users", "jansen", **HELD)
        kept.unlink()
        cloud.failed(NotAllowed, "users", "jansen", **HELD)
    assert len(raw.token_requests) == 2


def test_a_tenant_without_a_token_pauses_that_company(visma_net: Cloud) -> None:
    """A tenant id that the cloud does not know; other companies go on."""
    error = visma_net.failed(NotAllowed, "projects", "001", "P1", document=work(), parents=("unknown-tenant",))
    assert error.company == "001"


@pytest.mark.parametrize(
    "answer",
    [
        http(200, {**TOKEN, "access_token": ""}),
        http(200, {**TOKEN, "access_token": "with space\r\n"}),
        http(200, {**TOKEN, "access_token": 7}),
        http(200, {**TOKEN, "expires_in": "soon"}),
        http(200, {"access_token": "t"}),
        http(200, {**TOKEN, "expires_in": 10**400}),
        http(200, [1]),
        http(200, b"<html>", "text/html"),
        http(200),
        http(404, b"<html>", "text/html"),
        http(500, {"error": "server_error"}),
        http(302, Location="https://example.com"),
        reset,
    ],
)
def test_no_usable_token_means_the_platform_is_down(raw: RawServer, raw_cloud: Cloud, answer: bytes) -> None:
    """Nobody can send anything: no attempt of a single message is used up, nothing is in doubt."""
    raw.tokens = [answer]
    assert "no token for visma_net" in raw_cloud.failed(PlatformDown, "users", "jansen", **HELD).why
    assert raw.requests == []


def test_a_token_endpoint_that_asks_to_wait_is_obeyed(raw: RawServer, raw_cloud: Cloud) -> None:
    """429 with Retry-After."""
    raw.tokens = [http(429, Retry_After="9")]
    assert raw_cloud.failed(Transient, "users", "jansen", **HELD).retry_after_s == 9.0


def test_the_reason_of_a_refusal_is_not_repeated(raw: RawServer, raw_cloud: Cloud) -> None:
    """error_description may hold what was sent."""
    raw.tokens = [http(400, {"error": "invalid_client", "error_description": "canary-secret is wrong"})]
    assert "canary" not in raw_cloud.failed(NotAllowed, "users", "jansen", **HELD).why
