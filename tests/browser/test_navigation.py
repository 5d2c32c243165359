"""Basic as browsers do it themselves, for contrast with the page: here the window would open, and has to."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import watch_for_pop_ups
from tests.demo.running import Demo

pytestmark = pytest.mark.browser


def test_a_navigation_without_credentials_would_open_the_window__S0_3(demo: Demo, context: BrowserContext) -> None:
    # The proof that the watcher of all other tests here is not blind.
    page = context.new_page()
    pop_ups: list[str] = []
    watch_for_pop_ups(context.new_cdp_session(page), pop_ups)
    page.goto(f"{demo.url}/patients")
    assert pop_ups == ["basic"]


def test_the_browser_goes_through_the_basic_dance_by_itself__S0_9(demo: Demo, chromium: Browser) -> None:
    credentials = {"username": "ann", "password": demo.password("ann")}
    # A dict is what Playwright takes.
    context = chromium.new_context(http_credentials=credentials)  # type: ignore[arg-type]  # a dict of that shape
    page = context.new_page()
    response = page.goto(f"{demo.url}/patients")
    assert response is not None
    assert response.status == 200
    assert len(json.loads(page.inner_text("body"))["patients"]) == 5
    first, second = demo.seen_at("/patients")
    assert b"authorization" not in first
    assert (second.field(b"authorization") or b"").startswith(b"Basic ")
    assert demo.cells == ["C03"]
    context.close()


def test_after_a_wrong_password_the_browser_shows_why__S0_12__C07(demo: Demo, chromium: Browser) -> None:
    credentials = {"username": "ann", "password": "wrong"}
    context = chromium.new_context(http_credentials=credentials)  # type: ignore[arg-type]  # as above
    page = context.new_page()
    response = page.goto(f"{demo.url}/patients")
    assert response is not None
    assert response.status == 401
    # Basic was refused and is not offered again: the browser has nothing to ask for, and shows the page instead.
    assert "Basic" not in response.headers["www-authenticate"]
    assert "Invalid credentials" in page.inner_text("h1")
    assert demo.cells == ["C03", "C07"]
    context.close()
