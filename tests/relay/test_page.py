"""The sandbox's page in a real browser, at the end of the whole way: a row is changed, and a person sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import Page, find_browser, opened
from tests.lane import World, at_work

USERS = "[data-target=accountview_net] .users"
COMPANIES = "[data-target=accountview_net] .companies"


@pytest.fixture
def page() -> Iterator[Page]:
    browser = find_browser()
    if browser is None:
        pytest.skip("did not run: there is no browser here (chromium)")
    with opened(browser) as opened_page:
        yield opened_page


def test_a_changed_row_appears_without_reload(world: World, page: Page) -> None:
    """By SQL alone: a user comes, opens a company, is renamed, goes; the mail and the calls are shown. The page is
    loaded once, nothing on it fails, and no request leaves the machine, whatever stands in a name.
    """
    with at_work(world.service()):
        page.open(world.base_url)
        page.wait_for(USERS, "No user yet.")
        page.evaluate("window.stayed = 'here'")
        world.user("ann", "ann@example.nl", "Ann", "Zwart")
        page.wait_for(USERS, "Ann Zwart ann@example.nl")
        page.wait_for("#invitations", "Ann Zwart <ann@example.nl>")
        world.company("c1")
        world.right("ann")
        page.wait_for(COMPANIES, "Bedrijf c1")
        page.wait_for(USERS, "Bedrijf c1")
        world.sql("UPDATE accountview.users SET last_name = '<img src=\"https://example.nl/x\">'")
        page.wait_for(USERS, 'Ann <img src="https://example.nl/x"> ann@example.nl')
        world.sql("DELETE FROM accountview.users")
        page.wait_for(USERS, "No user yet.")
        page.wait_for("#calls", "DELETE")
    assert page.evaluate("window.stayed") == "here"
    assert page.loads == 1
    assert page.errors == []
    assert page.requests
    assert [url for url in page.requests if not url.startswith(f"{world.base_url}/")] == []


def test_the_switches_set_and_clear_faults(world: World, page: Page) -> None:
    """Five requests are refused, the row comes nevertheless; and the switch is seen to be off again."""
    page.open(world.base_url)
    page.wait_for(USERS, "No user yet.")
    page.click("button[data-fault*='503']")
    page.wait_for("#faults", "status")
    page.click("#clear")
    page.wait_for("#faults", "status", gone=True)
    assert world.cloud.get("/sandbox/faults").json() == []


@pytest.mark.parametrize("width", [1280, 420])
def test_the_page_fits_its_window(world: World, page: Page, width: int) -> None:
    """Nothing sticks out sideways and no part lies over another, in a wide window and on a telephone."""
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    page.open(world.base_url)
    page.wait_for(USERS, "No user yet.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = "[...document.querySelectorAll('main > *')].every((e) => e.scrollHeight <= e.clientHeight + 1)"
    assert page.evaluate(inside)
