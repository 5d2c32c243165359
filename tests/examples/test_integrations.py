"""examples/integrations in a real browser: a good key and a bad one, and whose authentication failed (S1.2, S1.3)."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PATIENCE = 60
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d \([A-Za-z ]+\)")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the page of the running example is."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "integrations" / "run.py"), "--free-ports"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], PATIENCE)[0], "the example did not start"
        said = process.stdout.readline()
        assert said.startswith("Open http://"), said
        yield said.split()[1]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def chromium(require_program: Callable[[str], str]) -> Iterator[Browser]:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_program("chromium"), args=FLAGS)
        yield browser
        browser.close()


class Seen:
    """The page, with what browsers complain of, and every answer that it got from another origin."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.answers: list[Response] = []
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._response)

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def _response(self, answer: Response) -> None:
        self.answers.append(answer)

    def answered(self, side: str, *words: str) -> None:
        """The last answer, as the page tells it."""
        line = self.page.locator("#log li").first
        expect(line).to_have_class(side)
        for word in words:
            expect(line).to_contain_text(word)

    def press(self, name: str) -> None:
        before = self.page.locator("#log li").count()
        self.page.get_by_role("button", name=name, exact=True).click()
        expect(self.page.locator("#log li")).to_have_count(before + 1)

    def assert_fits(self) -> None:
        assert self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_page_tells_whose_authentication_failed__S1_2__S1_3__C19(
    url: str, chromium: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    options: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    context = chromium.new_context(locale="en-GB", **options)
    seen = Seen(context.new_page())
    page = seen.page
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    seen.press("Today’s forecast")
    seen.answered("ours", "→ 401", "This application does not know you")
    seen.press("Log in")
    seen.answered("good", "POST /login → 200")
    expect(page.locator("#who")).to_have_text("You are ann.")
    seen.press("Try a bad one")
    seen.answered("theirs", "→ 403", "weather answered 401", "You are still logged in here.")
    expect(page.locator("#who")).to_have_text("You are ann.")
    seen.press("Save the key")
    seen.answered("good", "PUT /integrations/weather/credential → 20")
    expect(page.locator("#integration")).to_have_text("A key is stored: ****4711, verified.")
    seen.press("Today’s forecast")
    seen.answered("good", "→ 200", "Vienna")
    seen.press("Something that is not there")
    seen.answered("theirs", "→ 404", "weather answered 404")
    seen.press("Try a bad one")
    expect(page.locator("#integration")).to_have_text("A key is stored: ****4711, verified.")
    seen.assert_fits()
    page.screenshot(path=tmp_path / f"integrations-{width}-{scheme}.png", full_page=True)
    seen.press("Log out")
    expect(page.locator("#who")).to_have_text("You are not logged in.")
    context.close()

    assert [said for said in seen.complaints if not _REFUSED.fullmatch(said)] == []
    refusals = [answer for answer in seen.answers if answer.status == 401]
    assert refusals
    for answer in seen.answers:
        fields = {name.lower() for name in answer.headers}
        assert ("www-authenticate" in fields) == (answer.status == 401), answer.url
        assert answer.status != 407
    cookies = [answer.headers.get("set-cookie", "") for answer in seen.answers]
    assert not any(cookie.startswith("weather=") for cookie in cookies)
