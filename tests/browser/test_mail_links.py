"""The whole way in a browser: forgotten, a mail, its link, a new password, a log-in; and what the pages look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.conftest import Watched
from tests.browser.test_looks import CONTRAST
from tests.live import Live, User, live_server
from tests.server.api.by_mail import Post, text, tokens

pytestmark = pytest.mark.browser

CONFIG = """
[realm]
name = "Clinic"
[passwords]
sign_up = true
[mail]
from = "Clinic <noreply@clinic.example>"
file = "mail"
verify_sign_up = true
"""
ROOT = ("root", "the password of an admin")
NEW = "a password that ann knows"
_URL = re.compile(r"http\S+#token=\S+")


@dataclass(frozen=True)
class Site:
    live: Live
    post: Post

    def mail_to(self, address: str) -> str:
        """The URL in the first mail to this address."""
        looked_at = 0
        while True:
            mails = self.post.wait(looked_at + 1)
            for mail in mails:
                if mail["To"] == address and tokens(mail):
                    found = _URL.search(text(mail))
                    assert found is not None
                    return found[0]
            looked_at = len(mails)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    users = [User("ann", "a password that ann forgets"), User(*ROOT, roles=frozenset({"admin"}))]
    with live_server(CONFIG, users) as live:
        attributes = {"attributes": {"email": "ann@example.org"}}
        assert httpx.patch(f"{live.url}/users/ann", json=attributes, auth=ROOT).status_code == 200
        yield Site(live, Post(live.data / "mail"))


def test_forgotten_mail_link_new_password_log_in(site: Site, watched: Watched) -> None:
    page, asked = watched.page, list[Request]()
    page.on("request", lambda request: asked.append(request))
    page.goto(f"{site.live.url}/ui/forgotten-password")
    expect(page.get_by_label("User name or e-mail address")).to_be_focused()
    page.keyboard.type("ann@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("a mail is on its way")
    expect(page.get_by_role("button")).to_be_hidden()

    url = site.mail_to("ann@example.org")
    token = url.partition("token=")[2].partition("&")[0]
    page.goto(url)
    expect(page).to_have_url(f"{site.live.url}/ui/password-reset")
    expect(page.get_by_label("User name")).to_have_value("ann")
    password = page.get_by_label("New password")
    expect(password).to_have_attribute("autocomplete", "new-password")
    password.fill("ann@example.org")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("A password is more than")
    password.fill(NEW)
    page.get_by_label("Show it").check()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is set")
    answer = httpx.post(f"{site.live.url}/login", json={"username": "ann", "password": NEW})
    assert answer.status_code == 200

    page.go_back()
    page.goto("about:blank")
    page.goto(url)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("This link is over")
    expect(page.get_by_role("link", name="Ask for another link")).to_be_visible()
    assert not any(token in request.url or token in str(request.headers) for request in asked)
    assert token not in site.live.log.read_text()
    assert {
        request.url.partition("/ui/")[0].partition("/docs/")[0] for request in asked if request.method == "GET"
    } == {site.live.url}


def test_new_account_begins_with_a_password_that_its_owner_chooses(site: Site, watched: Watched) -> None:
    page = watched.page
    wanted = {"username": "eve", "password": "what a stranger has typed", "email": "eve@example.org"}
    assert httpx.post(f"{site.live.url}/users", json=wanted).status_code == 202
    url = site.mail_to("eve@example.org")
    page.goto(url)
    expect(page).to_have_url(f"{site.live.url}/ui/new-account")
    expect(page.get_by_label("User name")).to_have_value("eve")
    log_in = {"username": "eve", "password": NEW}
    assert httpx.post(f"{site.live.url}/login", json=log_in).status_code == 401, "to look at it is not enough"
    page.get_by_label("Password").fill("eve@example.org")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("alert")).to_contain_text("A password is more than")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is ready")
    assert httpx.post(f"{site.live.url}/login", json=log_in).status_code == 200
    assert httpx.post(f"{site.live.url}/login", json=wanted).status_code == 401


def test_another_address_counts_with_a_press_of_the_button(site: Site, watched: Watched) -> None:
    page = watched.page
    change = {"email": "root@example.org", "current_password": ROOT[1]}
    assert httpx.post(f"{site.live.url}/users/root/email", json=change, auth=ROOT).status_code == 202
    page.goto(site.mail_to("root@example.org"))
    assert httpx.get(f"{site.live.url}/users/root", auth=ROOT).json()["attributes"] == {}, "to look at it is not enough"
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("the address is confirmed")
    attributes = httpx.get(f"{site.live.url}/users/root", auth=ROOT).json()["attributes"]
    assert attributes == {"email": "root@example.org", "email_verified": "true"}


def test_page_without_a_token_says_that_the_link_is_over(site: Site, watched: Watched) -> None:
    for name in ("password-reset", "verify-email", "new-account"):
        watched.page.goto(f"{site.live.url}/ui/{name}")
        expect(watched.page.get_by_role("alert")).to_contain_text("This link is over")
        expect(watched.page.get_by_role("button")).to_be_hidden()


def test_markup_in_the_link_stays_text(site: Site, watched: Watched) -> None:
    """What is in the fragment may be anybody's: it is shown as text, and nothing of it is run (ASVS 3.2.2)."""
    watched.page.goto(f"{site.live.url}/ui/password-reset#token=x&username=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    expect(watched.page.get_by_label("User name")).to_have_value("<img src=x onerror=alert(1)>")
    expect(watched.page.locator("img")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
def test_the_pages_fit_and_can_be_read(site: Site, chromium: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    options: Any = {"viewport": {"width": width, "height": 700}, "color_scheme": scheme}
    context: BrowserContext = chromium.new_context(locale="en-GB", **options)
    page: Page = context.new_page()
    for name, fragment in (
        ("forgotten-password", ""),
        ("password-reset", "#token=x&username=ann"),
        ("verify-email", "#token=x"),
        ("new-account", "#token=x&username=eve"),
        ("verify-email", ""),
    ):
        page.goto("about:blank")
        page.goto(f"{site.live.url}/ui/{name}{fragment}")
        page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}{len(fragment)}.png")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        contrasts = page.evaluate(CONTRAST)
        assert len(contrasts) >= 3
        assert [found for found in contrasts if found[0] < 4.5] == []
        for box in (each.bounding_box() for each in page.get_by_role("button").all()):
            assert box is None or box["height"] >= 24, "SC 2.5.8"
    context.close()
