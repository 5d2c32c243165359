"""examples/integrations in a real browser: a good key and a bad one, and whose authentication failed (S1.2, S1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.examples.conftest import running

pytestmark = pytest.mark.browser

_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d \([A-Za-z ]+\)")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the page of the running example is."""
    with running("integrations", says="Open") as url:
        yield url


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
