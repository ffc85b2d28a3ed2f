"""The server around the clouds: control, state file, port, start, and the page."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from outbox.config import TargetSettings
from outbox.errors import ConfigError
from outbox.resources import TARGETS
from outbox.sandbox import running, serve, settings
from tests.lane import eventually
from tests.sandbox.conftest import PROJECT, USER, Sandbox

SERVE = """
import sys
from pathlib import Path
from outbox.sandbox import serve
serve("127.0.0.1", 0, Path(sys.argv[1]), ready=lambda url: print(url, flush=True))
"""


@contextmanager
def process(state_file: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-c", SERVE, str(state_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip(), child
        finally:
            child.kill()


def test_no_address_in_its_settings_is_the_vendors() -> None:
    given = settings("http://127.0.0.1:1")
    assert given.keys() == set(TARGETS)
    for of_target in given.values():
        urls = [getattr(of_target, f.name) for f in fields(TargetSettings) if f.name.endswith("_url")]
        assert all("127.0.0.1:1/" in url for url in urls)


def test_it_runs_within_half_a_second_and_is_gone_afterwards() -> None:
    began = time.process_time()  # of this process alone: the machine may be busy
    with running() as base_url:
        assert httpx.get(f"{base_url}/sandbox/state").status_code == 200
        assert time.process_time() - began < 0.5
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/sandbox/state")


def test_port_in_use_is_one_clear_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            serve("127.0.0.1", port)
        assert "--port" in caught.value.hint


def test_state_shows_what_is_held_in_the_clouds_own_terms(visma: Sandbox) -> None:
    empty: dict[str, Any] = {
        "users": {},
        "tenants": {},
        "tenant_users": [],
        "roles": [],
        "projects": {},
        "segments": {},
    }
    assert visma.control("GET", "state") == {"accountview_net": empty, "visma_net": empty}


def test_reset_empties_and_forgets_but_keeps_tokens_and_catalogue(visma: Sandbox) -> None:
    visma.create_user()
    visma.fault(kind="status", path="never")
    visma.set(rate_limit=7)
    visma.control("POST", "applications", [{"id": "RESET", "name": "Reset", "vendor": "Wij"}])
    visma.control("POST", "reset")
    assert visma.holds()["users"] == {}
    assert visma.control("GET", "invitations") == []
    assert visma.control("GET", "faults") == []
    assert visma.control("GET", "requests")["total"] == 0
    assert visma.control("GET", "settings")["rate_limit"] == 1_000_000
    apps = visma.identity("GET", "/applications").json()["applications"]
    assert "RESET" in {app["id"] for app in apps}
    visma.create_user()


def test_etag_from_before_a_reset_fits_nothing(visma: Sandbox) -> None:
    old = visma.erp(visma.create_tenant(), "POST", "/project", PROJECT).headers["etag"]
    visma.control("POST", "reset")
    tenant = visma.create_tenant()
    visma.erp(tenant, "POST", "/project", PROJECT)
    assert visma.erp(tenant, "PUT", "/project/P1", PROJECT, headers={"If-Match": old}).status_code == 412


@pytest.mark.parametrize("changes", [{"speed": 9}, {"rate_limit": "many"}, {"unlicensed": "all"}, [], {"change": 1}])
def test_setting_that_is_none_is_refused_and_nothing_set(visma: Sandbox, changes: object) -> None:
    answer = visma.http.post("/sandbox/settings", json=changes)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_state_file_survives_kill_and_restart(tmp_path: Path) -> None:
    """All of it; an ETag of before fits what was not changed, and none is given a second time."""
    file = tmp_path / "state.json"
    with process(file) as (url, child), httpx.Client(base_url=url) as http:
        visma = Sandbox(url, http, "visma_net")
        user, tenant = visma.create_user(), visma.create_tenant()
        visma.identity("POST", f"/tenants/{tenant}/users/{user}")
        visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
        visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{user}/roles", {"roles": ["user"]})
        etag = visma.erp(tenant, "POST", "/project", PROJECT).headers["etag"]
        insert = {"segmentValues": [{"operation": "Insert", "value": "1"}]}
        values = visma.erp(tenant, "PUT", "/dimension/SUBACCOUNT/1", insert).headers["etag"]
        before, mails = visma.control("GET", "state"), visma.control("GET", "invitations")
        eventually(lambda: '"1": {"description"' in file.read_text())  # the last change, a moment after it
        child.kill()
    with process(file) as (url, _), httpx.Client(base_url=url) as http:
        visma = Sandbox(url, http, "visma_net")
        assert visma.control("GET", "state") == before
        assert visma.control("GET", "invitations") == mails
        assert visma.identity("POST", "/users", USER).status_code == 409
        changed = visma.erp(tenant, "PUT", "/project/P1", PROJECT, headers={"If-Match": etag})
        assert changed.status_code == 204
        assert changed.headers["etag"] not in (etag, values)
        assert visma.identity("PUT", f"/tenants/{tenant}", {"external_id": "L1-001"}).status_code == 200
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_clean_stop_saves_the_last_change(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with process(file) as (url, child), httpx.Client(base_url=url) as http:
        user = Sandbox(url, http, "visma_net").create_user()
        os.kill(child.pid, signal.SIGTERM)
        child.wait(60)
        assert child.stderr is not None
        assert child.stderr.read() == ""
    assert user in json.loads(file.read_text())["visma_net"]["users"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"visma_net": {}, "accountview_net": {}}'])
def test_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match="is no state file"):
        serve("127.0.0.1", 0, file)
    assert file.read_text() == content


def test_state_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        serve("127.0.0.1", 0, tmp_path / "no" / "such" / "folder")


def test_faults_leave_no_traceback_behind(tmp_path: Path) -> None:
    with process(tmp_path / "state.json") as (url, child), httpx.Client(base_url=url) as http:
        visma = Sandbox(url, http, "visma_net")
        for kind in ("drop_before", "drop_after", "truncate"):
            visma.fault(kind=kind, path="/users", times=1)
            with pytest.raises(httpx.TransportError):
                visma.identity("GET", "/users")
        child.terminate()
        child.wait(60)
        assert child.stderr is not None
        assert child.stderr.read() == ""


def test_page_is_whole_in_itself(http: httpx.Client) -> None:
    answer = http.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|href)\s*=|https?://|@import", answer.text)
    assert "POLL_MS" in answer.text
    assert "--accent" in answer.text


def test_overview_gathers_what_the_page_shows(visma: Sandbox) -> None:
    user, tenant = visma.create_user(), visma.create_tenant(city="Utrecht")
    visma.identity("POST", f"/tenants/{tenant}/users/{user}")
    visma.identity("POST", f"/tenants/{tenant}/applications/SCAN")
    visma.identity("PUT", f"/tenants/{tenant}/applications/SCAN/users/{user}/roles", {"roles": ["user"]})
    visma.erp(tenant, "POST", "/project", PROJECT)
    visma.erp(tenant, "PUT", "/dimension/SUBACCOUNT/1", {"segmentValues": [{"operation": "Insert", "value": "110"}]})
    shown = visma.control("GET", "overview")
    cloud = shown["clouds"]["visma_net"]
    counts = {"users": 1, "companies": 1, "accesses": 1, "roles": 1, "projects": 1, "carriers": 1}
    assert cloud["counts"] == counts
    [person] = cloud["users"]
    assert (person["name"], person["companies"], person["apps"]) == ("Sanne de Vries", ["Kade B.V."], ["SCAN"])
    [company] = cloud["companies"]
    assert (company["city"], company["users"], company["apps"]) == ("Utrecht", 1, ["SCAN"])
    assert [project["code"] for project in company["projects"]] == ["P1"]
    assert company["segments"]["1"] == [{"code": "110", "description": None, "active": True}]
    assert shown["changes"][0]["what"] == "segment 1: 1 added, Kade B.V."
    assert (shown["invitation_count"], shown["call_count"]) == (1, 7)


def test_overview_shows_the_newest_first(visma: Sandbox, tenant: str) -> None:
    """What has just come must not be below two hundred others, or left out."""
    for n in range(201):
        visma.create_user(email=f"u{n}@kade.nl", last_name=f"Nr {n}")
    for code in ("P1", "P2"):
        visma.erp(tenant, "POST", "/project", PROJECT | {"projectID": {"value": code}})
    cloud = visma.control("GET", "overview")["clouds"]["visma_net"]
    assert [len(cloud["users"]), cloud["users"][0]["name"]] == [200, "Sanne Nr 200"]
    assert [project["code"] for project in cloud["companies"][0]["projects"]] == ["P2", "P1"]


def test_overview_says_when_nothing_is_new(visma: Sandbox) -> None:
    version = visma.control("GET", "overview")["version"]
    assert visma.http.get("/sandbox/overview", params={"seen": version}).status_code == 204
    visma.create_user()
    assert visma.http.get("/sandbox/overview", params={"seen": version}).status_code == 200
    version = visma.control("GET", "overview")["version"]
    visma.fault(kind="latency")
    assert visma.http.get("/sandbox/overview", params={"seen": version}).status_code == 200
    visma.control("POST", "reset")
    assert visma.http.get("/sandbox/overview", params={"seen": version}).status_code == 200
