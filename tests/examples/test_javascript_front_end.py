"""examples/javascript-front-end in a real browser: in, out by a revocation, and back, as its README tells."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, PATIENCE, Watched

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
LONGEST = 60
"""Seconds until the example must have started, or ended."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the page of the running example is."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "javascript-front-end" / "run.py"), "--free-ports"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], LONGEST)[0], "the example did not start"
        said = process.stdout.readline()
        assert said.startswith("Open http://"), said
        yield said.split()[1]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(LONGEST) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def chromium(require_program: Callable[[str], str]) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_program("chromium"), args=FLAGS)
        yield browser
        browser.close()


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
