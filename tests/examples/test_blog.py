"""examples/blog in a real browser: the page of "How Clients Authenticate", with posts that only their owners change.

The sign-in form checks a password with Basic once, without a pop-up; then the auth token serves (S3_9, S3_8, S3_2).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.examples.conftest import running

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d \([A-Za-z ]+\)")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the running blog is."""
    with running("blog", says="Open") as url:
        yield url.rstrip("/")


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_form_signs_in_over_basic_and_goes_on_with_the_token__S2_41__S3_2__S3_8__S3_9(
    url: str, chromium: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    options: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    context = chromium.new_context(locale="en-GB", **options)
    page = context.new_page()
    complaints: list[str] = []
    sent: list[Request] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: sent.extend([request]))
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    _look(page, tmp_path / f"signed-out-{width}.png")

    sign_in(page, "ann", "a wrong one")
    expect(page.locator("#said")).to_have_text("The name or the password is wrong.")
    sign_in(page, "ann")
    expect(page.locator("#who")).to_contain_text("Signed in as ann")
    title = f"Of the year {width}"
    page.get_by_label("Title").fill(title)
    page.get_by_label("Text").fill("It was a good year.\nMostly.")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#said")).to_have_text("Published.")
    mine = page.locator("article", has_text=title)
    expect(mine.get_by_role("button", name="Delete")).to_be_visible()
    expect(page.locator("article", has_text="by bob").get_by_role("button", name="Delete")).to_be_hidden()
    mine.get_by_role("button", name="Edit").click()
    page.get_by_label("Text").fill("It was a very good year.")
    page.get_by_role("button", name="Publish").click()
    expect(mine).to_contain_text("a very good year")
    page.reload()  # the token is all that is left of the log-in
    expect(page.locator("#who")).to_contain_text("Signed in as ann")
    _look(page, tmp_path / f"signed-in-{width}.png")
    mine.get_by_role("button", name="Delete").click()
    expect(mine).to_have_count(0)
    assert context.cookies() == []  # all of that went by header fields
    token = page.evaluate("JSON.parse(sessionStorage.getItem('me')).token")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#said")).to_have_text("You are signed out.")
    assert httpx.put(f"{url}/posts/ann/x", auth=("ann", token), json={"title": "x", "text": "x"}).status_code == 401
    context.close()

    password = b64encode(f"ann:{PASSWORD}".encode()).decode()
    with_password = [request for request in sent if request.headers.get("authorization") == f"Basic {password}"]
    assert len({request.url for request in with_password}) == 1
    assert with_password[0].url.endswith("/roles/ann")
    assert [said for said in complaints if not _REFUSED.fullmatch(said)] == []


def _look(page: Page, file: Path) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.screenshot(path=file, full_page=True)


def test_a_session_that_ended_elsewhere_brings_the_form_back__C09(url: str, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    sign_in(page, "ann")
    expect(page.locator("#who")).to_contain_text("Signed in as ann")
    page.evaluate("sessionStorage.setItem('me', JSON.stringify({name: 'ann', token: 'ww_t_gone', roles: []}))")
    page.reload()
    page.get_by_label("Title").fill("Late")
    page.get_by_label("Text").fill("Too late.")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#said")).to_have_text("You have been signed out. Sign in again.")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.close()


POST = {"title": "Title", "text": "Text"}


@pytest.mark.parametrize(
    ("user", "author", "status"),
    [("", "ann", 401), ("ann", "ann", 201), ("bob", "ann", 403), ("ed", "ann", 200), ("ann", "Ann", 403)],
)
def test_posts_are_written_by_their_owners_and_by_editors__S3_10__C12(
    url: str, user: str, author: str, status: int
) -> None:
    auth = (user, PASSWORD) if user else None
    answer = httpx.put(f"{url}/posts/{author}/one", auth=auth, json=POST, headers={"No-Auth-Challenge": "true"})
    assert answer.status_code == status
    assert "www-authenticate" not in answer.headers
    if user:
        assert answer.headers["auth-token"].startswith("ww_t_")
    if status == 403:
        assert (answer.json()["cell"], answer.json()["code"]) == ("C12", "forbidden")
    assert httpx.get(f"{url}/posts").status_code == 200


def test_without_the_field_there_is_a_challenge__S3_8(url: str) -> None:
    answer = httpx.delete(f"{url}/posts/ann/one")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Blog", charset="UTF-8"'
