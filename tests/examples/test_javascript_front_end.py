"""examples/javascript-front-end in a real browser: in, out by a revocation, and back, as its README tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.examples.conftest import running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the page of the running example is."""
    with running("javascript-front-end", says="Open") as url:
        yield url


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_signed_out_by_a_revocation_and_comes_back__S2_41__S2_46(
    url: str, chromium: Browser, tmp_path: Path, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    watched = Watched(context.new_page())
    page = watched.page
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    form, patients, log = page.locator("#sign-in"), page.locator("#patients li"), page.locator("#log li")
    asked = page.get_by_role("button", name="Show patients")
    asked.click()
    expect(form).to_be_visible()
    expect(page.locator("#why")).to_have_text("Who are you?")
    assert fits(page)
    page.screenshot(path=tmp_path / f"form-{width}.png")
    page.get_by_label("Password").fill("wrong")
    page.locator("#submit").click()
    expect(page.locator("#why")).to_have_text("The name or the password is wrong.")
    page.get_by_label("Password").fill("correct horse battery")
    page.locator("#submit").click()
    expect(patients).to_have_text(["Amara Okafor", "Mei-Ling Zhao"])
    expect(page.locator("#who")).to_have_text("You are ann.")
    page.get_by_role("button", name="End all my log-ins").click()
    expect(log.first).to_contain_text("DELETE /sessions → 20")
    for _ in range(40):  # until the API has heard of it
        asked.click()
        page.wait_for_timeout(250)
        if form.is_visible():
            break
    expect(page.locator("#why")).to_have_text("Your log-in was ended.")
    page.locator("#submit").click()
    expect(form).to_be_hidden()
    expect(log.filter(has_text="/auth/token → 400")).to_have_count(1)
    expect(log.first).to_contain_text("→ 200")
    expect(patients).to_have_count(2)
    assert fits(page)
    page.screenshot(path=tmp_path / f"inside-{width}.png")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#who")).to_have_text("You are not signed in.")
    expect(patients).to_have_count(0)
    watched.assert_calm()
    context.close()
