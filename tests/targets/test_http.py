"""One call over the wire, with servers that mean no good."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from outbox import __version__
from outbox.errors import CloudError, ConfigError, PlatformDown, Transient, Unknown
from outbox.targets.delivery import Action
from outbox.targets.hosts import LOOKED_UP_EVERY_S, Hosts, check_url
from outbox.targets.http import Http, NoReply
from tests.targets.cloud import DEADLINE_S, Cloud, Told, person
from tests.targets.raw import RawServer, Script, cut, drip, flood, header_flood, http, not_yet, reset, silence

HURRY_S = 0.5
HELD: Told = {"action": Action.UPDATE, "remote_id": "u1", "document": person()}


def test_a_call_says_who_asks_and_for_which_message(raw: RawServer, raw_cloud: Cloud) -> None:
    """User-Agent with the version and no customer data, X-Request-Id = message id, JSON, nothing packed."""
    raw.answers = [http(200, {"id": "u1"})]
    told: Told = {**HELD, "message_id": 4711}
    raw_cloud.done("users", "jansen", **told)
    ((method, path, headers, body),) = raw.requests
    assert (method, path) == ("PUT", "/users/u1")
    assert headers["user-agent"] == f"outbox/{__version__}"
    assert headers["x-request-id"] == "4711"
    assert headers["authorization"] == "Bearer token-1"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert b"jansen@bedrijf.nl" in body


def test_every_call_is_logged_with_status_and_time_but_tokens_are_not(raw: RawServer, raw_cloud: Cloud) -> None:
    """One row of evidence per call; the path without the query, which holds the e-mail address."""
    raw.answers = [http(200, {"users": [], "total_pages": 1}), http(201, {"id": "u1"})]
    before = time.monotonic()
    raw_cloud.done("users", "jansen", document=person())
    logged = [(c.method, c.path, c.http_status, c.error) for _, c in raw_cloud.calls]
    assert logged == [("GET", "/users", 200, None), ("POST", "/users", 201, None)]
    assert all(
        before <= c.started_at <= time.monotonic() and 0 < c.took_ms < 1000 * DEADLINE_S for _, c in raw_cloud.calls
    )
    assert raw.asked[0] == "GET /users?email=jansen%40bedrijf.nl&page=1&per_page=100"
    assert len(raw.token_requests) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reset, "the connection broke"),
        (cut(b""), "the connection broke"),
        (cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), "the connection broke"),
        (cut(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"id": '), "not JSON"),
        (cut(b"SSH-2.0-OpenSSH_9.6\r\n"), "the connection broke"),
        (flood, "too large"),
        (header_flood, "the connection broke"),
        (http(200, gzip.compress(b" " * 10_000_000), Content_Encoding="gzip"), "not JSON"),
        (http(200, b"<html>hello</html>", "text/html"), "not JSON"),
        (http(200, b"[" * 500_000), "not JSON"),
        (http(200, {"error": "no"}), "an error in its body"),
    ],
    ids=[
        "reset",
        "closed",
        "truncated",
        "half JSON",
        "no HTTP",
        "1 GB",
        "headers",
        "gzip bomb",
        "HTML",
        "deep",
        "error",
    ],
)
def test_a_write_without_a_proper_answer_is_in_doubt(
    raw: RawServer, raw_cloud: Cloud, answer: Script, words: str
) -> None:
    """Never done, and never taken for not done."""
    raw.answers = [answer]
    error = raw_cloud.failed(Unknown, "users", "jansen", **HELD)
    assert words in error.why
    ((_, call),) = raw_cloud.calls
    assert call.error == error.why


@pytest.mark.parametrize("answer", [drip, not_yet, silence])
def test_a_write_is_in_doubt_at_its_deadline(raw: RawServer, raw_cloud: Cloud, answer: Script) -> None:
    """Whatever comes in between; none of these ends by itself."""
    raw.answers = [http(200, {"id": "u1"}), answer]
    raw_cloud.done("users", "jansen", **HELD)  # has a token now
    raw_cloud.hurry(HURRY_S)
    start = time.monotonic()
    error = raw_cloud.failed(Unknown, "users", "jansen", **HELD)
    assert f"no answer within {HURRY_S:g} s" in error.why
    assert time.monotonic() - start < 60 * HURRY_S
    assert raw_cloud.calls[-1][1].error == error.why


class SlowNames(asyncio.SelectorEventLoop):
    """Names are found after 40 s, and soon it is 62 s later, by this loop's own clock."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s

    async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
        self._pass(40)
        self.call_later(0.2, self._pass, 62)
        return await super().getaddrinfo(*args, **options)

    def _pass(self, seconds: float) -> None:
        self.ahead_s += seconds


def test_the_search_for_the_servers_name_is_part_of_the_deadline(raw: RawServer) -> None:
    """A call that begins in time ends before the lease does, whatever it waits for."""
    raw.answers = [drip]

    async def ask() -> float:
        talker = Http(connections=1, deadline_s=100)
        clock = asyncio.get_running_loop().time
        started = clock()
        with pytest.raises(NoReply, match="no answer within 100 s"):
            await talker.send("PUT", f"{raw.url}/users/u1", {})
        took_s = clock() - started
        await talker.close()
        return took_s

    with asyncio.Runner(loop_factory=SlowNames) as runner:
        assert runner.run(ask()) < 135


@pytest.mark.parametrize(("status", "kind"), [(301, Unknown), (302, Unknown), (307, PlatformDown), (308, PlatformDown)])
def test_a_redirect_is_not_followed(raw: RawServer, raw_cloud: Cloud, status: int, kind: type[CloudError]) -> None:
    """Nor is the token shown to another host. With 301 and 302 many a server answers what it has just carried out."""
    raw.answers = [http(status, Location=f"{raw.url}/elsewhere")]
    raw_cloud.failed(kind, "users", "jansen", **HELD)
    assert raw.asked == ["PUT /users/u1"]


def test_an_address_without_a_path_is_asked_for_its_root(raw: RawServer, raw_cloud: Cloud) -> None:
    """A setting may name a host alone."""
    raw.answers = [http(200, {})]
    talker = Http(connections=1, deadline_s=DEADLINE_S)
    assert raw_cloud.run(talker.send("GET", raw.url, {})).status == 200
    raw_cloud.run(talker.close())
    assert raw.asked == ["GET /"]


def test_the_environments_proxy_is_not_used(raw: RawServer, raw_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """trust_env off: nobody listens at the proxy that it names."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    raw.answers = [http(200, {"id": "u1"})]
    connections = Http(connections=1, deadline_s=DEADLINE_S)
    reply = raw_cloud.run(connections.send("GET", f"{raw.url}/users", {}))
    raw_cloud.run(connections.close())
    assert reply.status == 200


@pytest.mark.parametrize("answer", [reset, drip, http(502, b"<html>", "text/html")], ids=["reset", "drip", "502"])
def test_the_address_searched_for_is_in_no_error(raw: RawServer, raw_cloud: Cloud, answer: Script) -> None:
    """The query holds it, percent-encoded; a client's own error texts like to name the whole URL."""
    raw.answers = [http(200, {"id": "u1"}), answer]
    raw_cloud.done("users", "jansen", **HELD)  # has a token now
    raw_cloud.calls.clear()
    raw_cloud.hurry(HURRY_S)
    raw_cloud.outcome("users", "x1", document=person())
    texts = " ".join(str(call) for _, call in raw_cloud.calls)
    assert "GET" in texts
    assert "jansen" not in texts
    assert "bedrijf" not in texts


def test_a_header_that_is_no_ascii_is_as_if_it_were_absent(raw: RawServer, raw_cloud: Cloud) -> None:
    """A gateway's own, in whatever letters: the answer counts, and so does what its other headers say."""
    raw.answers = [
        http(200, {"id": "u1"}, X_Gateway="één", ETag='"é"'),
        http(429, X_Gateway="één", Retry_After="7"),
    ]
    assert raw_cloud.done("users", "jansen", **HELD).etag is None
    assert raw_cloud.failed(Transient, "users", "jansen", **HELD).retry_after_s == 7.0


def test_a_refused_connection_means_the_platform_is_down(raw: RawServer, raw_cloud: Cloud) -> None:
    """Not a byte was sent: nothing is in doubt, and it is nobody's own fault."""
    raw.answers = [http(200, {"id": "u1"}, Connection="close")]
    raw_cloud.done("users", "jansen", **HELD)
    raw.shutdown()
    raw.server_close()
    assert "no connection" in raw_cloud.failed(PlatformDown, "users", "jansen", **HELD).why


def test_connections_are_kept_for_the_next_call(raw: RawServer, raw_cloud: Cloud) -> None:
    """TLS connections are dear."""
    raw.answers = [http(200, {"id": "u1"})]
    for _ in range(5):
        raw_cloud.done("users", "jansen", **HELD)
    assert raw.accepted == 1


@pytest.mark.parametrize("end", [reset, cut(b""), cut(b"HTTP/1.1 200 OK\r\n")])
@pytest.mark.parametrize("size", [10, 300_000])
def test_a_call_leaves_once_whatever_becomes_of_its_connection(
    raw: RawServer, raw_cloud: Cloud, end: Script, size: int
) -> None:
    """A kept connection may end exactly while the next call is written into it. Clients like to send it once more by
    themselves, and the second one would invite again.
    """
    talker = Http(connections=2, deadline_s=DEADLINE_S)

    async def ask(name: str) -> None:
        with suppress(NoReply):
            await talker.send("POST", f"{raw.url}/users", {"X-Request-Id": name}, b"x" * size)

    async def many() -> None:
        for n in range(0, 40, 2):
            raw.answers = [http(200, {"id": "u1"}), http(200, {"id": "u1"}), end, end, http(200, {"id": "u1"})]
            await asyncio.gather(*(ask(f"{n}-{i}") for i in range(5)))
        await talker.close()

    raw_cloud.run(many())
    arrived = Counter(headers["x-request-id"] for _, _, headers, _ in raw.requests)
    assert set(arrived.values()) == {1}


def test_no_secret_and_no_person_in_any_text(raw: RawServer, raw_cloud: Cloud) -> None:
    """A target that echoes all it was sent: headers, token, body."""
    echo = re.sub(rb"\s+", b" ", b"token-1 jansen@bedrijf.nl Jan Jansen") + b"\r\nX: y"
    raw.answers = [http(400, {"message": echo.decode()})]
    outcome = raw_cloud.outcome("users", "jansen", **HELD)
    texts = " ".join([str(outcome), repr(outcome), *(str(c) for _, c in raw_cloud.calls)])
    for private in ("jansen@", "Jan", "canary-secret", "token-1"):
        assert private not in texts


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "https://api.example.com/v1/",
        "http://127.0.0.1:8080/x",
        "http://localhost:8080",
        "http://[::1]:8080",
        "https://8.8.8.8/v1",
    ],
)
def test_addresses_that_are_used(url: str) -> None:
    """https, or http on loopback."""
    assert check_url("identity_url", url, allow_private=False) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/v1",
        "ftp://api.example.com",
        "api.example.com",
        "",
        "https://",
        "https://user:pw@api.example.com",
        "https://api.example.com/v1?x=1",
        "https://api.example.com/v1#x",
        "https://10.0.0.1/v1",
        "https://192.168.1.1",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0.0.0.0/",
        "https://10.1/",
        "https://0xa9fea9fe/latest",
        "https://2852039166/",
        "https://224.0.0.1/",
        "https://api.example.com:99999/",
        "https://api.example.com:0/",
        "https://api.example.com/v1 ",
        "https://api.example.com\n/v1",
        "https://api.example.com/één",
        "https://[::1",
        "https://[zz]/",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    """No plain http, no credentials in addresses, no private or link-local ones."""
    with pytest.raises(ConfigError) as caught:
        check_url("identity_url of visma_net", url, allow_private=False)
    assert "identity_url of visma_net" in caught.value.why


def test_private_addresses_can_be_allowed() -> None:
    """A proxy of one's own in the same network."""
    assert check_url("erp_url", "https://10.0.0.1", allow_private=True) == "https://10.0.0.1"


@pytest.mark.parametrize("name", ["10.1", "0xa9fea9fe", "192.168.257"])
def test_a_name_that_leads_into_a_private_network_is_not_called(raw_cloud: Cloud, name: str) -> None:
    """The resolver knows these without asking anybody, as it would know a name in /etc/hosts; nothing was sent."""
    refused = _failure(raw_cloud, f"https://{name}/users")
    assert not refused.sent
    assert "a private address; set allow_private_hosts" in refused.why


def test_a_name_is_looked_up_again_after_a_while() -> None:
    """It may lead elsewhere by then."""
    now, asked = 0.0, 0

    class Counting(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
            nonlocal asked
            asked += 1
            return await super().getaddrinfo(*args, **options)

    hosts = Hosts(timeout_s=20, allow_private=False, clock=lambda: now)
    with asyncio.Runner(loop_factory=Counting) as runner:
        for moment, times in ((0.0, 1), (LOOKED_UP_EVERY_S - 1, 1), (LOOKED_UP_EVERY_S + 1, 2)):
            now = moment
            runner.run(hosts.check("127.0.0.1"))
            assert asked == times


def test_a_name_that_leads_to_this_machine_is_called(raw_cloud: Cloud) -> None:
    """Loopback is no network: nobody listens there, and that is what is said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in _failure(raw_cloud, f"https://localhost:{port}/users").why


def test_a_name_that_nobody_knows_is_never_sent_to(raw_cloud: Cloud) -> None:
    """Nothing is in doubt then."""
    unknown = _failure(raw_cloud, "https://nobody.invalid/users")
    assert not unknown.sent
    assert "its name was not found" in unknown.why


def _failure(cloud: Cloud, url: str) -> NoReply:
    talker = Http(connections=1, deadline_s=DEADLINE_S)
    with pytest.raises(NoReply) as caught:
        cloud.run(talker.send("GET", url, {}))
    cloud.run(talker.close())
    return caught.value
